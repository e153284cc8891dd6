// Package catalogue knows what KORE's events look like: a JSON Schema (draft-07)
// for the envelope and for each version of the data that KORE has described, and
// compares events with it. The schemas are of our own writing, after what KORE
// publishes; it publishes none itself.
//
// # Which schema
//
// The type decides by its end, for its prefix differs between producers, and the
// number at the end of dataschema says the version: /schemas/test/1,
// https://…/SuperSim.ConnectionEvent/2, …/1.json. Without a number the newest
// version that is known counts, and so it does, with a finding, for a version that
// is not known. A type that is not known has the schema that dataschema names, if
// that is one of ours, and otherwise only an envelope.
//
// # Two kinds of finding
//
// A mismatch breaks what is promised: a member that must be there and is not, a
// value of another JSON kind, a time that is none. Drift breaks nothing: payloads
// are "structured but evolving", and a new type, member, version or value is how
// that shows. [Kind.Mismatch] tells them apart.
//
// # What a finding may say
//
// Values identify SIMs, so that a finding names the place and the kind of a value
// and not the value. The exceptions are types, dataschema and members whose schema
// lists examples: those are words of KORE's, and of them, as of names of unknown
// members, every part that looks like somebody's number is masked.
package catalogue
