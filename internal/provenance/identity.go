package provenance

import (
	"fmt"
	"strings"
)

// identities finds the rule of a person or product by name and address. All
// keys are in lower case.
type identities struct {
	addresses map[string]who
	accounts  map[string]who
	pairs     map[string]who
	starts    []pairStart
	names     map[string]who
	bare      map[string]who
	endings   []ending
}

// who is what an identity means as author and as co-author.
type who struct {
	author, coauthor mark
}

type pairStart struct {
	name, address string
	who           who
}

type ending struct {
	text string
	who  who
}

func newIdentities() identities {
	return identities{
		addresses: map[string]who{}, accounts: map[string]who{}, pairs: map[string]who{},
		names: map[string]who{}, bare: map[string]who{},
	}
}

func (ids *identities) add(tool string, r *identityRule) error {
	author, err := classNamed(r.Author, authored)
	if err != nil {
		return err
	}
	coauthor, err := classNamed(r.Coauthor, assisted)
	if err != nil {
		return err
	}
	if err := weighed(r.Weight); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	w := who{
		author:   mark{rule: tool + ".author", tool: tool, class: author, weight: r.Weight},
		coauthor: mark{rule: tool + ".coauthor", tool: tool, class: coauthor, weight: r.Weight},
	}
	for table, keys := range map[*map[string]who][]string{
		&ids.addresses: r.Addresses, &ids.accounts: r.Accounts, &ids.names: r.Names, &ids.bare: r.Bare,
	} {
		for _, key := range keys {
			if key != strings.ToLower(key) {
				return fmt.Errorf("%q must be in lower case", key)
			}
			(*table)[key] = w
		}
	}
	for _, pair := range r.Pairs {
		if err := ids.addPair(pair, w); err != nil {
			return err
		}
	}
	for _, text := range r.Endings {
		ids.endings = append(ids.endings, ending{text: " " + text, who: w})
	}
	return nil
}

func (ids *identities) addPair(pair string, w who) error {
	name, address, ok := strings.Cut(strings.TrimSuffix(pair, ">"), " <")
	if !ok {
		return fmt.Errorf("pair %q must read: name <address>", pair)
	}
	if start, open := strings.CutSuffix(name, "*"); open {
		ids.starts = append(ids.starts, pairStart{name: start, address: address, who: w})
		return nil
	}
	ids.pairs[pair] = w
	return nil
}

// find returns the rule of an identity. Name and address are in lower case;
// the address may be empty.
func (ids *identities) find(name, address string) (who, bool) {
	if address != "" {
		if w, ok := ids.pairs[name+" <"+address+">"]; ok {
			return w, true
		}
	} else if w, ok := ids.bare[name]; ok {
		return w, true
	}
	if w, ok := ids.names[name]; ok {
		return w, true
	}
	if w, ok := ids.findAddress(address); ok {
		return w, true
	}
	for i := range ids.starts {
		if s := &ids.starts[i]; s.address == address && strings.HasPrefix(name, s.name) {
			return s.who, true
		}
	}
	for i := range ids.endings {
		if strings.HasSuffix(name, ids.endings[i].text) {
			return ids.endings[i].who, true
		}
	}
	return who{}, false
}

// githubHost ends the addresses that GitHub gives to accounts: a login, often
// with the number of the account and a plus before it.
const githubHost = "@users.noreply.github.com"

func (ids *identities) findAddress(address string) (who, bool) {
	account, ok := strings.CutSuffix(address, githubHost)
	if !ok {
		w, ok := ids.addresses[address]
		return w, ok
	}
	number, login, numbered := strings.Cut(account, "+")
	if !numbered {
		login = account
	} else if w, ok := ids.accounts[login+"#"+number]; ok {
		return w, true
	}
	w, ok := ids.accounts[login]
	return w, ok
}

// parseIdentity splits "Name <address>". Both are trimmed; brackets may be
// missing, as they are in trailers written by hand: what holds an "@" is the
// address then.
func parseIdentity(text string) (name, address string) {
	text = strings.TrimSpace(text)
	if open := strings.LastIndexByte(text, '<'); open >= 0 {
		address, _, _ = strings.Cut(text[open+1:], ">")
		return strings.TrimSpace(text[:open]), strings.TrimSpace(address)
	}
	if space := strings.LastIndexByte(text, ' '); strings.IndexByte(text[space+1:], '@') > 0 {
		return strings.TrimSpace(text[:max(space, 0)]), text[space+1:]
	}
	return text, ""
}

// modelOf reads the model from a name such as "Claude Opus 4.6" or
// "aider (gemini/gemini-2.5-pro)".
func modelOf(tool, name string) string {
	if open := strings.IndexByte(name, '('); open >= 0 && tool != "claude-code" {
		inside, _, _ := strings.Cut(name[open+1:], ")")
		return strings.TrimPrefix(strings.TrimPrefix(inside, "model "), "aider")
	}
	lower := strings.ToLower(name)
	if tool == "claude-code" && strings.HasPrefix(lower, "claude ") && lower != "claude code" {
		return name
	}
	return ""
}
