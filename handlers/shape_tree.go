package handlers

// keepNode is what a projection keeps below a member of data.
type keepNode struct {
	all  bool
	next map[string]*keepNode
	// entry counts what a path has matched; nil for what is on the way.
	entry *rule
}

// everything is kept where no projection says otherwise.
var everything = &keepNode{all: true}

// add keeps a path and all below it, and returns its entry, nil if it was there.
func (n *keepNode) add(p Path) *rule {
	for _, name := range p.names {
		if n.next == nil {
			n.next = make(map[string]*keepNode)
		}
		if n.next[name] == nil {
			n.next[name] = &keepNode{}
		}
		n = n.next[name]
	}
	if n.entry != nil {
		return nil
	}
	n.all, n.entry = true, &rule{setting: "project", text: p.text}
	return n.entry
}

// at returns what is kept of a member, nil if it is not.
func (n *keepNode) at(name []byte) *keepNode {
	if n.all {
		return everything
	}
	return n.next[string(name)]
}

// redactNode is what is redacted below a member of data; nil is nothing.
type redactNode struct {
	next  map[string]*redactNode
	entry *rule
}

// add tells whether the path was not there yet.
func (n *redactNode) add(p Path, r *rule) bool {
	for _, name := range p.names {
		if n.next == nil {
			n.next = make(map[string]*redactNode)
		}
		if n.next[name] == nil {
			n.next[name] = &redactNode{}
		}
		n = n.next[name]
	}
	if n.entry != nil {
		return false
	}
	n.entry = r
	return true
}

func (n *redactNode) at(name []byte) *redactNode {
	if n == nil {
		return nil
	}
	return n.next[string(name)]
}

func (n *redactNode) rule() *rule {
	if n == nil {
		return nil
	}
	return n.entry
}
