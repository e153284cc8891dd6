package config

import (
	"slices"

	"korestream/handlers"
)

// The stores of a handler of type simstate.
const (
	SIMsInMemory   = "memory"
	SIMsInDynamoDB = "dynamodb"
	SIMsInPostgres = "postgres"
)

// checkSIMs looks at what only a handler of type simstate has.
func (c *Config) checkSIMs(l *loader, h *Handler, at, source string) {
	if h.Type != "simstate" {
		if h.Store != "" && h.Type != "" {
			l.add(at+".store", source, "only a handler of type simstate has a store")
		}
		return
	}
	switch h.Store {
	case SIMsInMemory:
		if c.Admin.Listen == "" {
			l.add(at+".store", source, "states in memory are read through admin.listen, which is empty")
		}
	case SIMsInDynamoDB:
		table := c.SIMTable(h)
		if !tableName.MatchString(table) {
			l.add(at+".table", source, "%q cannot name a table: 3 to 255 letters, digits, _ . -", table)
		}
		if slices.Contains([]string{c.LeaseTable(), c.DedupeTable()}, table) {
			l.add(at+".table", source, "%s is the table of leases or of handled events", table)
		}
	case SIMsInPostgres:
		if err := h.Postgres().Validate(); err != nil {
			l.add(at, source, "%v", err)
		}
	}
}

// DynamoSIMs returns the settings of a handler of type simstate with a table.
func (c *Config) DynamoSIMs(h *Handler) handlers.DynamoSIMsConfig {
	return handlers.DynamoSIMsConfig{Table: c.SIMTable(h), TTL: h.TTL}
}
