package e2e

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// hookManifest is what the test reads of the manifests for Argo CD.
type hookManifest struct {
	Kind     string
	Metadata struct {
		Name         string
		GenerateName string `yaml:"generateName"`
		Annotations  map[string]string
	}
	Data map[string]string
	Spec struct {
		BackoffLimit          *int `yaml:"backoffLimit"`
		ActiveDeadlineSeconds int  `yaml:"activeDeadlineSeconds"`
		Template              struct {
			Spec struct {
				RestartPolicy string `yaml:"restartPolicy"`
				Containers    []struct {
					Image   string
					Command []string
					Args    []string
					Env     []struct {
						Name      string
						ValueFrom struct {
							SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
						} `yaml:"valueFrom"`
					}
					VolumeMounts []struct {
						Name      string
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []struct {
					Name      string
					ConfigMap struct{ Name string } `yaml:"configMap"`
				}
			}
		}
	}
}

// hooks reads the documented manifests: the change and the job.
func hooks(t *testing.T) (change, job hookManifest) {
	t.Helper()
	all := yaml.NewDecoder(strings.NewReader(documented(t, "policy.md", "yaml", "argocd.argoproj.io/hook")))
	byKind := map[string]hookManifest{}
	for {
		var m hookManifest
		err := all.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		byKind[m.Kind] = m
	}
	change, job = byKind["ConfigMap"], byKind["Job"]
	return change, job
}

// TestTheDocumentedHookIsOneThatArgoRunsEachTimeAndOnce looks at what Argo CD and
// Kubernetes make of the manifests: only a job with a fixed name is removed before
// the next sync, the change must be there before the job, and a job that is tried
// again would ask until the answer is yes.
func TestTheDocumentedHookIsOneThatArgoRunsEachTimeAndOnce(t *testing.T) {
	change, job := hooks(t)
	for _, m := range []hookManifest{change, job} {
		notes := m.Metadata.Annotations
		if m.Metadata.Name == "" || m.Metadata.GenerateName != "" || notes["argocd.argoproj.io/hook"] != "PreSync" || notes["argocd.argoproj.io/hook-delete-policy"] != "BeforeHookCreation" {
			t.Errorf("%s: %+v", m.Kind, m.Metadata)
		}
	}
	if change.Metadata.Annotations["argocd.argoproj.io/sync-wave"] != "-1" || job.Metadata.Annotations["argocd.argoproj.io/sync-wave"] != "" {
		t.Error("the change does not come before the job")
	}
	spec := &job.Spec
	if spec.BackoffLimit == nil || *spec.BackoffLimit != 0 || spec.Template.Spec.RestartPolicy != "Never" || spec.ActiveDeadlineSeconds < 60 {
		t.Errorf("%+v", spec)
	}
}

func (p *pipelines) argo(t *testing.T) {
	for name, want := range map[string]trial{
		"approved by a senior":    {seniors: "senior", code: 0, decision: "allow argo-cd/checkout-1842 for test-ingest", says: "ALLOW"},
		"approved by a junior":    {seniors: "mid", code: 1, decision: "deny argo-cd/checkout-1842 for test-ingest", says: "nobody senior approved it"},
		"the gate is away":        {seniors: "senior", away: true, code: 3, says: "does not answer"},
		"the gate is silent":      {seniors: "senior", silent: true, code: 3, says: "does not answer"},
		"the change was not told": {code: 2, says: "--change"},
	} {
		t.Run(name, func(t *testing.T) {
			p.hold(t, &want, func(level string, _ forge) outcome { return p.pod(t, level) })
		})
	}
}

// pod runs the container of the hook as a kubelet does: the entry point of the
// image with the arguments of the manifest, the keys of the config map as files,
// the secret in the environment. Where no level is given there is no change.
func (p *pipelines) pod(t *testing.T, level string) outcome {
	change, job := hooks(t)
	pod := &job.Spec.Template.Spec
	if len(pod.Containers) != 1 || len(pod.Volumes) != 1 || len(pod.Containers[0].VolumeMounts) != 1 || len(pod.Containers[0].Env) != 1 {
		t.Fatalf("%+v", pod)
	}
	container := &pod.Containers[0]
	mount := container.VolumeMounts[0]
	if mount.Name != pod.Volumes[0].Name || pod.Volumes[0].ConfigMap.Name != change.Metadata.Name || len(container.Command) > 0 {
		t.Fatalf("the container does not get the change: %+v", pod)
	}
	volume := t.TempDir()
	for key, text := range change.Data {
		if level == "" {
			break
		}
		text = strings.Replace(text, `"level": "senior"`, `"level": "`+level+`"`, 1)
		if err := os.WriteFile(filepath.Join(volume, key), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secret := container.Env[0]
	if secret.Name != "FAULTLINE_TOKEN" || secret.ValueFrom.SecretKeyRef.Name != "faultline" || secret.ValueFrom.SecretKeyRef.Key != "token" {
		t.Fatalf("the container does not get its token: %+v", secret)
	}
	command := []string{binary}
	for _, arg := range container.Args {
		command = append(command, strings.Replace(arg, mount.MountPath+"/", volume+"/", 1))
	}
	return p.job(t, t.TempDir(), nil, command...)
}

// optOut runs the documented line that lets a deploy go on while the gate cannot
// answer, and only then.
func (p *pipelines) optOut(t *testing.T) {
	line := documented(t, "policy.md", "sh", "|| [ $? -eq 3 ]")
	change, _ := hooks(t)
	bin := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(bin, "faultline")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]trial{
		"allowed": {seniors: "senior", code: 0, decision: "allow argo-cd/checkout-1842 for test-ingest", says: "ALLOW"},
		"denied":  {seniors: "mid", code: 1, decision: "deny argo-cd/checkout-1842 for test-ingest", says: "DENY"},
		"away":    {seniors: "senior", away: true, code: 0, says: "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			p.hold(t, &want, func(level string, _ forge) outcome {
				work := t.TempDir()
				text := strings.Replace(change.Data["change.json"], `"level": "senior"`, `"level": "`+level+`"`, 1)
				if err := os.WriteFile(filepath.Join(work, "change.json"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return p.job(t, work, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "FAULTLINE_SERVER=https://" + publicName}, "sh", "-e", "-c", line)
			})
		})
	}
}
