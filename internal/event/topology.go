package event

import (
	"math"

	"github.com/faultline/faultline/correlate"
)

// topologyObject reads section 3 of the contract.
var topologyObject = newObject(
	field[correlate.Topology]{"observed_at", func(r *reader, t *correlate.Topology) *FieldError { return r.time(&t.ObservedAt) }},
	field[correlate.Topology]{"source", func(r *reader, t *correlate.Topology) *FieldError { return r.identifier(&t.Source) }},
	field[correlate.Topology]{"services", func(r *reader, t *correlate.Topology) *FieldError {
		return serviceObject.list(r, &t.Services, checkService)
	}},
	field[correlate.Topology]{"edges", func(r *reader, t *correlate.Topology) *FieldError { return edgeObject.list(r, &t.Edges, checkEdge) }},
	field[correlate.Topology]{"extra", func(r *reader, _ *correlate.Topology) *FieldError { return r.keepExtra() }},
)

var serviceObject = newObject(
	field[correlate.Service]{"name", func(r *reader, s *correlate.Service) *FieldError { return r.identifier(&s.Name) }},
	field[correlate.Service]{"tier", readTier},
	field[correlate.Service]{"team", func(r *reader, s *correlate.Service) *FieldError { return r.optionalIdentifier(&s.Team) }},
	field[correlate.Service]{"environment", func(r *reader, s *correlate.Service) *FieldError { return r.optionalIdentifier(&s.Environment) }},
	field[correlate.Service]{"lifecycle", func(r *reader, s *correlate.Service) *FieldError { return r.line(&s.Lifecycle) }},
)

var edgeObject = newObject(
	field[correlate.Edge]{"caller", func(r *reader, e *correlate.Edge) *FieldError { return r.identifier(&e.Caller) }},
	field[correlate.Edge]{"callee", func(r *reader, e *correlate.Edge) *FieldError { return r.identifier(&e.Callee) }},
	field[correlate.Edge]{"kind", func(r *reader, e *correlate.Edge) *FieldError { return edgeKinds.read(r, &e.Kind) }},
	field[correlate.Edge]{"calls_per_second", func(r *reader, e *correlate.Edge) *FieldError {
		return r.number(&e.CallsPerSecond, 0, math.MaxFloat64)
	}},
)

// readTopology reads one snapshot event. The contract's source and observed_at
// are required: without them snapshots cannot be merged or aged.
func readTopology(r *reader, e *Topology, meta Meta) *FieldError {
	e.Meta = meta
	if fe := topologyObject.read(r, &e.Topology); fe != nil {
		return fe
	}
	e.Extra = r.extra
	if fe := CheckTopology(&e.Topology); fe != nil {
		return fe
	}
	e.UID = topologyUID(&r.digest, &e.Topology, meta.Raw)
	return nil
}

// CheckTopology tells what a snapshot lacks that every snapshot must have.
func CheckTopology(t *correlate.Topology) *FieldError {
	switch {
	case t.Source == "":
		return missing("source", "name the system that saw the topology, such as tracing")
	case t.ObservedAt.IsZero():
		return missing("observed_at", "send a time such as "+exampleTime)
	}
	return nil
}

// readTier reads a tier, 1 for the most critical services to 4.
func readTier(r *reader, s *correlate.Service) *FieldError {
	var tier int64
	fe := r.whole(&tier, 1, 4)
	s.Tier = int(tier)
	return fe
}

func checkService(r *reader, s *correlate.Service) *FieldError {
	if s.Name == "" {
		return missing(r.where()+".name", "send the name of the service")
	}
	return nil
}

func checkEdge(r *reader, e *correlate.Edge) *FieldError {
	switch {
	case e.Caller == "":
		return missing(r.where()+".caller", "send the name of the calling service")
	case e.Callee == "":
		return missing(r.where()+".callee", "send the name of the called service")
	}
	return nil
}
