package iam

import (
	"slices"
	"strings"
)

// Document is a policy as IAM takes it.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement is one grant of a policy.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// Policy returns the policy that allows what is needed and nothing else. Keys
// are the ARNs of keys of KMS that streams, queues or buckets are encrypted with;
// they can be used through those services alone.
func Policy(needs []Need, at Place, keys []string) Document {
	d := Document{Version: "2012-10-17"}
	var services []string
	writes := false
	for _, n := range needs {
		d.allow(n)
		if n.Service != DynamoDB && !slices.Contains(services, n.Service) {
			services = append(services, n.Service)
		}
		writes = writes || strings.Contains(n.Action, ":Put") || strings.Contains(n.Action, ":Send")
	}
	if len(keys) == 0 {
		return d
	}
	use := Statement{Sid: "Keys", Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: keys}
	if writes {
		use.Action = append(use.Action, "kms:GenerateDataKey")
	}
	var via []string
	for _, s := range services {
		via = append(via, s+"."+at.Region+".amazonaws.com")
	}
	use.Condition = map[string]map[string][]string{"StringLike": {"kms:ViaService": via}}
	d.Statement = append(d.Statement, use)
	return d
}

// allow adds an action to the statement of its part and resource.
func (d *Document) allow(n Need) {
	for i := range d.Statement {
		s := &d.Statement[i]
		if s.Resource[0] == n.Resource && strings.HasPrefix(s.Action[0], n.Service+":") {
			if !slices.Contains(s.Action, n.Action) {
				s.Action = append(s.Action, n.Action)
			}
			return
		}
	}
	d.Statement = append(d.Statement, Statement{Sid: d.sid(n.Part), Effect: "Allow", Action: []string{n.Action}, Resource: []string{n.Resource}})
}

// sid names a statement: letters and digits, each once.
func (d *Document) sid(part Part) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(string(part), func(r rune) bool { return r == ' ' || r == '-' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	name := b.String()
	for slices.ContainsFunc(d.Statement, func(s Statement) bool { return s.Sid == name }) {
		name += "Too"
	}
	return name
}
