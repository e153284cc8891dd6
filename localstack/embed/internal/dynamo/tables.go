package dynamo

import (
	"slices"

	"korestream/localstack/embed/internal/awsjson"
)

type throughput struct{ ReadCapacityUnits, WriteCapacityUnits int64 }

type tag struct{ Key, Value string }

type createTableInput struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	BillingMode               string
	ProvisionedThroughput     *throughput
	GlobalSecondaryIndexes    []indexInput
	LocalSecondaryIndexes     []indexInput
	DeletionProtectionEnabled bool
	Tags                      []tag
}

func (s *Service) createTable(in *createTableInput) (any, error) {
	if err := checkTableName(in.TableName); err != nil {
		return nil, err
	}
	if s.tables[in.TableName] != nil {
		return nil, awsjson.Errorf("ResourceInUseException", "Table already exists: %s", in.TableName)
	}
	t := &table{
		name: in.TableName, created: s.opts.Now(), billing: in.BillingMode, guarded: in.DeletionProtectionEnabled,
		tags: make(map[string]string),
	}
	if err := t.bill(in.BillingMode, in.ProvisionedThroughput); err != nil {
		return nil, err
	}
	var err error
	if t.types, err = definitions(in.AttributeDefinitions); err != nil {
		return nil, err
	}
	if t.key, err = newSchema(in.KeySchema, t.types); err != nil {
		return nil, err
	}
	for i, ix := range slices.Concat(in.GlobalSecondaryIndexes, in.LocalSecondaryIndexes) {
		made, err := newIndex(ix, t.types, i < len(in.GlobalSecondaryIndexes))
		if err != nil {
			return nil, err
		}
		t.indexes = append(t.indexes, made)
	}
	if err := t.allTypesUsed(); err != nil {
		return nil, err
	}
	for _, g := range in.Tags {
		t.tags[g.Key] = g.Value
	}
	s.tables[t.name] = t
	return map[string]any{"TableDescription": s.description(t)}, nil
}

// bill sets how the table is paid for.
func (t *table) bill(mode string, p *throughput) error {
	switch mode {
	case "PAY_PER_REQUEST":
		if p != nil && (p.ReadCapacityUnits != 0 || p.WriteCapacityUnits != 0) {
			return invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		t.read, t.write = 0, 0
	case "", "PROVISIONED":
		if p == nil || p.ReadCapacityUnits < 1 || p.WriteCapacityUnits < 1 {
			return invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
		}
		mode, t.read, t.write = "PROVISIONED", p.ReadCapacityUnits, p.WriteCapacityUnits
	default:
		return invalid("1 validation error detected: Value '%s' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]", mode)
	}
	t.billing = mode
	return nil
}

// allTypesUsed refuses definitions of attributes that are no keys.
func (t *table) allTypesUsed() error {
	used := make(map[string]bool)
	for _, n := range t.key.names() {
		used[n] = true
	}
	for _, ix := range t.indexes {
		for _, n := range ix.key.names() {
			used[n] = true
		}
	}
	if len(used) < len(t.types) {
		return invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return nil
}

type tableInput struct{ TableName string }

func (s *Service) describeTable(in *tableInput) (any, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Table": s.description(t)}, nil
}

// named is table for operations on tables, which name it in the message.
func (s *Service) named(name string) (*table, error) {
	t, err := s.table(name)
	if err != nil && name != "" {
		return nil, awsjson.Errorf("ResourceNotFoundException", "Requested resource not found: Table: %s not found", tableOf(name))
	}
	return t, err
}

func (s *Service) deleteTable(in *tableInput) (any, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	if t.guarded {
		return nil, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	delete(s.tables, t.name)
	d := s.description(t)
	d["TableStatus"] = "DELETING"
	return map[string]any{"TableDescription": d}, nil
}

type listTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

func (s *Service) listTables(in *listTablesInput) (any, error) {
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	names := slices.DeleteFunc(sortedKeys(s.tables), func(n string) bool { return n <= in.ExclusiveStartTableName })
	if len(names) > limit {
		return map[string]any{"TableNames": names[:limit], "LastEvaluatedTableName": names[limit-1]}, nil
	}
	return map[string]any{"TableNames": append([]string{}, names...)}, nil
}

type indexUpdate struct {
	Create *indexInput
	Delete *struct{ IndexName string }
	Update *struct{ IndexName string }
}

type updateTableInput struct {
	TableName                   string
	AttributeDefinitions        []attributeDefinition
	BillingMode                 string
	ProvisionedThroughput       *throughput
	GlobalSecondaryIndexUpdates []indexUpdate
	DeletionProtectionEnabled   *bool
}

func (s *Service) updateTable(in *updateTableInput) (any, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	changed := *t
	if in.BillingMode != "" || in.ProvisionedThroughput != nil {
		if err := changed.bill(in.BillingMode, in.ProvisionedThroughput); err != nil {
			return nil, err
		}
	}
	if in.DeletionProtectionEnabled != nil {
		changed.guarded = *in.DeletionProtectionEnabled
	}
	if err := changed.updateIndexes(in); err != nil {
		return nil, err
	}
	*t = changed
	return map[string]any{"TableDescription": s.description(t)}, nil
}

func (t *table) updateIndexes(in *updateTableInput) error {
	if len(in.AttributeDefinitions) > 0 {
		types, err := definitions(in.AttributeDefinitions)
		if err != nil {
			return err
		}
		for n, k := range t.types {
			if _, ok := types[n]; !ok {
				types[n] = k
			}
		}
		t.types = types
	}
	for _, u := range in.GlobalSecondaryIndexUpdates {
		switch {
		case u.Create != nil:
			ix, err := newIndex(*u.Create, t.types, true)
			if err != nil {
				return err
			}
			t.indexes = append(slices.Clone(t.indexes), ix)
		case u.Delete != nil:
			left := slices.DeleteFunc(slices.Clone(t.indexes), func(ix index) bool { return ix.name == u.Delete.IndexName })
			if len(left) == len(t.indexes) {
				return awsjson.Errorf("ResourceNotFoundException", "Requested resource not found")
			}
			t.indexes = left
		}
	}
	return nil
}

// description is a table as DescribeTable shows it.
func (s *Service) description(t *table) map[string]any {
	d := map[string]any{
		"TableName": t.name, "TableArn": s.arn(t.name), "TableStatus": "ACTIVE", "TableId": tableID(s.arn(t.name)),
		"CreationDateTime": epoch(t.created), "ItemCount": len(t.items), "TableSizeBytes": t.size(),
		"KeySchema": t.key.elements(), "AttributeDefinitions": t.attributes(),
		"ProvisionedThroughput": map[string]int64{
			"ReadCapacityUnits": t.read, "WriteCapacityUnits": t.write, "NumberOfDecreasesToday": 0,
		},
		"DeletionProtectionEnabled": t.guarded,
	}
	if t.billing == "PAY_PER_REQUEST" {
		d["BillingModeSummary"] = map[string]any{"BillingMode": t.billing, "LastUpdateToPayPerRequestDateTime": epoch(t.created)}
	}
	for _, ix := range t.indexes {
		member := "LocalSecondaryIndexes"
		one := map[string]any{
			"IndexName": ix.name, "KeySchema": ix.key.elements(), "Projection": ix.projection,
			"IndexArn": s.arn(t.name) + "/index/" + ix.name, "ItemCount": len(t.indexed(&ix)),
		}
		if ix.global {
			member = "GlobalSecondaryIndexes"
			one["IndexStatus"] = "ACTIVE"
			one["ProvisionedThroughput"] = d["ProvisionedThroughput"]
		}
		list, _ := d[member].([]map[string]any)
		d[member] = append(list, one)
	}
	return d
}

func (k schema) elements() []keyElement {
	out := []keyElement{{k.hash, "HASH"}}
	if k.rang != "" {
		out = append(out, keyElement{k.rang, "RANGE"})
	}
	return out
}

func (t *table) attributes() []attributeDefinition {
	var out []attributeDefinition
	for _, n := range sortedKeys(t.types) {
		out = append(out, attributeDefinition{n, t.types[n]})
	}
	return out
}
