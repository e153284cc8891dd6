package localstack_test

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var tableCases = []conformanceCase{
	{"CreateTable/is described as it was asked for", func(p *probe) {
		p.rangeTable()
		d := p.described()
		equal(p, "name", *d.TableName, p.name)
		if want := ":table/" + p.name; !strings.HasPrefix(*d.TableArn, "arn:aws:dynamodb:us-east-1:") || !strings.HasSuffix(*d.TableArn, want) {
			p.differs("ARN: got %s, want one that ends with %s", *d.TableArn, want)
		}
		equal(p, "key schema", keysOf(d.KeySchema), "id HASH at RANGE")
		equal(p, "attributes", len(d.AttributeDefinitions), 2)
		if d.BillingModeSummary == nil || d.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
			p.differs("billing: got %v, want PAY_PER_REQUEST", d.BillingModeSummary)
		}
		recent(p, "creation", d.CreationDateTime)
	}},
	{"CreateTable/begins with CREATING or ACTIVE", func(p *probe) {
		out := call(p, p.dynamodb.CreateTable, p.newTable(false))
		if got := out.TableDescription.TableStatus; got != types.TableStatusCreating && got != types.TableStatusActive {
			p.differs("status: got %s, want CREATING or ACTIVE", got)
		}
		p.tableActive()
	}},
	{"CreateTable/provisioned keeps its throughput", func(p *probe) {
		in := p.newTable(false)
		in.BillingMode = types.BillingModeProvisioned
		in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(3), WriteCapacityUnits: aws.Int64(2)}
		p.table(in)
		d := p.described().ProvisionedThroughput
		equal(p, "read units", *d.ReadCapacityUnits, 3)
		equal(p, "write units", *d.WriteCapacityUnits, 2)
	}},
	{"CreateTable/refuses a name that is taken", func(p *probe) {
		p.hashTable()
		refused(p, p.dynamodb.CreateTable, p.newTable(false), resourceInUse)
	}},
	{"CreateTable/refuses a key without a definition", func(p *probe) {
		in := p.newTable(false)
		in.AttributeDefinitions = definitions("other S")
		p.says(refused(p, p.dynamodb.CreateTable, in, validation), "One or more parameter values were invalid: "+
			"Some index key attributes are not defined in AttributeDefinitions. Keys: [id], AttributeDefinitions: [other]")
	}},
	{"CreateTable/refuses a definition that no key uses", func(p *probe) {
		in := p.newTable(false)
		in.AttributeDefinitions = definitions("id S", "other S")
		refused(p, p.dynamodb.CreateTable, in, validation)
	}},
	{"CreateTable/refuses throughput with PAY_PER_REQUEST", func(p *probe) {
		in := p.newTable(false)
		in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(1)}
		p.says(refused(p, p.dynamodb.CreateTable, in, validation), "One or more parameter values were invalid: "+
			"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	}},
	{"CreateTable/refuses a name of two characters", func(p *probe) {
		in := p.newTable(false)
		in.TableName = aws.String("ab")
		refused(p, p.dynamodb.CreateTable, in, validation)
	}},
	{"DescribeTable/refuses an unknown table", func(p *probe) {
		in := &dynamodb.DescribeTableInput{TableName: &p.name}
		p.says(refused(p, p.dynamodb.DescribeTable, in, resourceNotFound), "Requested resource not found: Table: "+p.name+" not found")
	}},
	{"DeleteTable/ends with ResourceNotFoundException", func(p *probe) {
		p.hashTable(row{"id": "a"})
		call(p, p.dynamodb.DeleteTable, &dynamodb.DeleteTableInput{TableName: &p.name})
		p.until("a deleted table", func() bool {
			_, err := p.dynamodb.DescribeTable(p.ctx, &dynamodb.DescribeTableInput{TableName: &p.name})
			if err != nil {
				p.refusal("DescribeTable", err, resourceNotFound)
			}
			return err != nil
		})
		p.hashTable()
		equal(p, "item of the old table", p.item("a"), nil)
	}},
	{"DeleteTable/refuses an unknown table", func(p *probe) {
		refused(p, p.dynamodb.DeleteTable, &dynamodb.DeleteTableInput{TableName: &p.name}, resourceNotFound)
	}},
	{"ListTables/pages in the order of names", func(p *probe) {
		prefix := p.name
		var names []string
		for _, suffix := range []string{"-b", "-0", "-a", "-c"} {
			p.name = prefix + suffix
			p.hashTable()
			names = append(names, p.name)
		}
		slices.Sort(names)
		out := call(p, p.dynamodb.ListTables, &dynamodb.ListTablesInput{ExclusiveStartTableName: &names[0], Limit: aws.Int32(2)})
		equal(p, "first page", out.TableNames, names[1:3])
		equal(p, "last of the first page", out.LastEvaluatedTableName, &names[2])
		out = call(p, p.dynamodb.ListTables, &dynamodb.ListTablesInput{ExclusiveStartTableName: out.LastEvaluatedTableName, Limit: aws.Int32(1)})
		equal(p, "second page", out.TableNames, names[3:])
	}},
	{"UpdateTable/to PAY_PER_REQUEST", func(p *probe) {
		in := p.newTable(false)
		in.BillingMode = types.BillingModeProvisioned
		in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(3), WriteCapacityUnits: aws.Int64(2)}
		p.table(in)
		call(p, p.dynamodb.UpdateTable, &dynamodb.UpdateTableInput{TableName: &p.name, BillingMode: types.BillingModePayPerRequest})
		p.tableActive()
		equal(p, "billing", p.described().BillingModeSummary.BillingMode, types.BillingModePayPerRequest)
	}},
	{"UpdateTimeToLive/shows in its description", func(p *probe) {
		p.hashTable()
		before := call(p, p.dynamodb.DescribeTimeToLive, &dynamodb.DescribeTimeToLiveInput{TableName: &p.name}).TimeToLiveDescription
		equal(p, "status before", before.TimeToLiveStatus, types.TimeToLiveStatusDisabled)
		call(p, p.dynamodb.UpdateTimeToLive, &dynamodb.UpdateTimeToLiveInput{
			TableName:               &p.name,
			TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("until"), Enabled: aws.Bool(true)},
		})
		p.until("a description with the attribute", func() bool {
			d := call(p, p.dynamodb.DescribeTimeToLive, &dynamodb.DescribeTimeToLiveInput{TableName: &p.name}).TimeToLiveDescription
			return aws.ToString(d.AttributeName) == "until"
		})
	}},
}

// keysOf is a key schema as text.
func keysOf(keys []types.KeySchemaElement) string {
	var all []string
	for _, k := range keys {
		all = append(all, *k.AttributeName, string(k.KeyType))
	}
	return strings.Join(all, " ")
}
