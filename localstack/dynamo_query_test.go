package localstack_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var queryCases = []conformanceCase{
	{"Query/answers one hash key in the order of the range key", func(p *probe) {
		p.fiveRows()
		out := call(p, p.dynamodb.Query, p.querying("id = :id", row{":id": "a"}))
		equal(p, "at", column(out.Items, "at"), "-3 1 2 10 20")
		equal(p, "count", out.Count, 5)
		equal(p, "scanned", out.ScannedCount, 5)
		in := p.querying("id = :id", row{":id": "a"})
		in.ScanIndexForward = aws.Bool(false)
		equal(p, "at, backwards", column(call(p, p.dynamodb.Query, in).Items, "at"), "20 10 2 1 -3")
	}},
	{"Query/narrows by the range key", func(p *probe) {
		p.fiveRows()
		for expression, want := range map[string]string{
			"id = :id AND #at = :two":                "2",
			"id = :id AND #at < :two":                "-3 1",
			"id = :id AND #at <= :two":               "-3 1 2",
			"id = :id AND #at > :two":                "10 20",
			"#at >= :two AND id = :id":               "2 10 20",
			"id = :id AND #at BETWEEN :two AND :ten": "2 10",
			"(id = :id) AND (#at = :ten)":            "10",
		} {
			values := row{":id": "a"}
			for _, v := range []string{":two", ":ten"} {
				if strings.Contains(expression, v) {
					values[v] = map[string]num{":two": "2", ":ten": "10"}[v]
				}
			}
			in := p.querying(expression, values)
			in.ExpressionAttributeNames = map[string]string{"#at": "at"}
			equal(p, expression, column(call(p, p.dynamodb.Query, in).Items, "at"), want)
		}
	}},
	{"Query/begins_with narrows strings", func(p *probe) {
		in := p.newTable(true)
		in.AttributeDefinitions = definitions("id S", "at S")
		p.table(in)
		p.putAll(row{"id": "a", "at": "ab"}, row{"id": "a", "at": "abc"}, row{"id": "a", "at": "b"}, row{"id": "a", "at": "é"})
		query := p.querying("id = :id AND begins_with(#at, :p)", row{":id": "a", ":p": "ab"})
		query.ExpressionAttributeNames = map[string]string{"#at": "at"}
		equal(p, "at", column(call(p, p.dynamodb.Query, query).Items, "at"), "ab abc")
		equal(p, "order of bytes", column(call(p, p.dynamodb.Query, p.querying("id = :id", row{":id": "a"})).Items, "at"), "ab abc b é")
	}},
	{"Query/a filter counts what it leaves out", func(p *probe) {
		p.fiveRows()
		in := p.querying("id = :id", row{":id": "a", ":even": "even"})
		in.FilterExpression = aws.String("parity = :even")
		out := call(p, p.dynamodb.Query, in)
		equal(p, "at", column(out.Items, "at"), "2 10 20")
		equal(p, "count", out.Count, 3)
		equal(p, "scanned", out.ScannedCount, 5)
	}},
	{"Query/pages by LastEvaluatedKey", func(p *probe) {
		p.fiveRows()
		in := p.querying("id = :id", row{":id": "a"})
		in.Limit = aws.Int32(2)
		var pages []string
		for {
			out := call(p, p.dynamodb.Query, in)
			pages = append(pages, column(out.Items, "at"))
			if out.LastEvaluatedKey == nil {
				break
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
		equal(p, "pages", pages, []string{"-3 1", "2 10", "20"})
	}},
	{"Query/a full last page has a key all the same", func(p *probe) {
		p.rangeTable(row{"id": "a", "at": num("1")}, row{"id": "a", "at": num("2")})
		in := p.querying("id = :id", row{":id": "a"})
		in.Limit = aws.Int32(2)
		equal(p, "last key", rowOf(call(p, p.dynamodb.Query, in).LastEvaluatedKey), row{"id": "a", "at": num("2")})
	}},
	{"Query/counts without items", func(p *probe) {
		p.fiveRows()
		in := p.querying("id = :id", row{":id": "a"})
		in.Select = types.SelectCount
		out := call(p, p.dynamodb.Query, in)
		equal(p, "count", out.Count, 5)
		equal(p, "items", len(out.Items), 0)
	}},
	{"Query/refuses conditions that are no key's", func(p *probe) {
		p.fiveRows()
		for expression, want := range map[string]string{
			"parity = :id":              "Query condition missed key schema element: id",
			"id < :id":                  "Query key condition not supported",
			"id = :id AND parity = :id": "Query condition missed key schema element: at",
			"id = :id OR parity = :id":  "Invalid operator used in KeyConditionExpression: OR",
			"id = :id AND #at <> :id":   "Invalid operator used in KeyConditionExpression: <>",
			"id = :id AND id = :id":     "KeyConditionExpressions must only contain one condition per key",
		} {
			in := p.querying(expression, row{":id": "a"})
			if strings.Contains(expression, "#at") {
				in.ExpressionAttributeNames = map[string]string{"#at": "at"}
			}
			p.says(strings.TrimPrefix(refused(p, p.dynamodb.Query, in, validation), "Invalid KeyConditionExpression: "), want)
		}
	}},
	{"Query/refuses a hash key of another type", func(p *probe) {
		p.fiveRows()
		p.says(refused(p, p.dynamodb.Query, p.querying("id = :id", row{":id": num("1")}), validation),
			"One or more parameter values were invalid: Condition parameter type does not match schema type")
	}},
	{"Query/refuses an unknown index", func(p *probe) {
		p.fiveRows()
		in := p.querying("id = :id", row{":id": "a"})
		in.IndexName = aws.String("nope")
		p.says(refused(p, p.dynamodb.Query, in, validation), "The table does not have the specified index: nope")
	}},
	{"Query/refuses a key in its filter", func(p *probe) {
		p.fiveRows()
		in := p.querying("id = :id", row{":id": "a", ":one": num("1")})
		in.FilterExpression = aws.String("#at = :one")
		in.ExpressionAttributeNames = map[string]string{"#at": "at"}
		p.says(refused(p, p.dynamodb.Query, in, validation),
			"Filter Expression can only contain non-primary key attributes: Primary key attribute: at")
	}},
}

var scanCases = []conformanceCase{
	{"Scan/answers everything once, in pages", func(p *probe) {
		want := p.manyRows(20)
		var got []string
		in := &dynamodb.ScanInput{TableName: &p.name, Limit: aws.Int32(7)}
		for {
			out := call(p, p.dynamodb.Scan, in)
			if out.Count > 7 {
				p.differs("count: got %d, want 7 at most", out.Count)
			}
			got = append(got, idsOf(out.Items)...)
			if out.LastEvaluatedKey == nil {
				break
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
		slices.Sort(got)
		equal(p, "ids", got, want)
	}},
	{"Scan/segments divide up the table", func(p *probe) {
		want := p.manyRows(30)
		var got []string
		for segment := range int32(4) {
			in := &dynamodb.ScanInput{TableName: &p.name, Segment: &segment, TotalSegments: aws.Int32(4)}
			items := idsOf(call(p, p.dynamodb.Scan, in).Items)
			if len(items) == 30 {
				p.differs("segment %d: got everything, want a share", segment)
			}
			got = append(got, items...)
		}
		slices.Sort(got)
		equal(p, "ids", got, want)
	}},
	{"Scan/filters and projects", func(p *probe) {
		p.hashTable(row{"id": "a", "x": "1", "y": "1"}, row{"id": "b", "x": "2", "y": "1"}, row{"id": "c"})
		out := call(p, p.dynamodb.Scan, &dynamodb.ScanInput{
			TableName: &p.name, FilterExpression: aws.String("x = :x"), ProjectionExpression: aws.String("id, y"),
			ExpressionAttributeValues: item(row{":x": "2"}),
		})
		equal(p, "items", rowsOf(out.Items), []row{{"id": "b", "y": "1"}})
		equal(p, "scanned", out.ScannedCount, 3)
	}},
	{"Scan/limits what it looks at before the filter", func(p *probe) {
		p.manyRows(10)
		out := call(p, p.dynamodb.Scan, &dynamodb.ScanInput{
			TableName: &p.name, Limit: aws.Int32(4), FilterExpression: aws.String("attribute_exists(never)"),
		})
		equal(p, "count", out.Count, 0)
		equal(p, "scanned", out.ScannedCount, 4)
		equal(p, "goes on", out.LastEvaluatedKey != nil, true)
	}},
	{"Scan/refuses a segment that there is not", func(p *probe) {
		p.hashTable()
		in := &dynamodb.ScanInput{TableName: &p.name, Segment: aws.Int32(4), TotalSegments: aws.Int32(4)}
		p.says(refused(p, p.dynamodb.Scan, in, validation),
			"The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less than TotalSegments: 4")
	}},
	{"Scan/refuses a segment without their number", func(p *probe) {
		p.hashTable()
		p.says(refused(p, p.dynamodb.Scan, &dynamodb.ScanInput{TableName: &p.name, Segment: aws.Int32(0)}, validation),
			"The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	}},
	{"Scan/ends a page at 1 MB", func(p *probe) {
		p.hashTable()
		for i := range 4 {
			p.putAll(row{"id": fmt.Sprint(i), "x": strings.Repeat("x", 390<<10)})
		}
		out := call(p, p.dynamodb.Scan, &dynamodb.ScanInput{TableName: &p.name})
		equal(p, "items of 390 KB", out.Count, 3)
		equal(p, "goes on", out.LastEvaluatedKey != nil, true)
	}},
}

func (p *probe) querying(expression string, values row) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &p.name, KeyConditionExpression: &expression, ExpressionAttributeValues: item(values),
	}
}

// fiveRows is a table by id and at with five rows of a, and one of b.
func (p *probe) fiveRows() {
	p.rangeTable(row{"id": "b", "at": num("1")})
	for _, at := range []num{"10", "1", "-3", "20", "2"} {
		parity := "even"
		if at == "1" || at == "-3" {
			parity = "odd"
		}
		p.putAll(row{"id": "a", "at": at, "parity": parity})
	}
}

// manyRows is a table by id with n rows, whose ids it returns in order.
func (p *probe) manyRows(n int) []string {
	p.hashTable()
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("id-%03d", i))
		p.putAll(row{"id": all[i]})
	}
	return all
}

func idsOf(items []map[string]types.AttributeValue) []string {
	var all []string
	for _, m := range items {
		all = append(all, fmt.Sprint(plain(m["id"])))
	}
	return all
}
