package localstack_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

func TestReadyScripts_MakeTheStreamAndTheTable(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("ready.d/*")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("found %v, %v", scripts, err)
	}
	ep := embed.New()
	aws := awslocal{kinesis.NewFromConfig(ep.Config()), dynamodb.NewFromConfig(ep.Config())}
	for range 2 { // LocalStack may run them again
		for _, path := range scripts {
			runScript(t, path, aws)
		}
	}
	if got, err := aws.kinesis.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: ptr("fleet")}); err != nil || *got.StreamDescriptionSummary.OpenShardCount != 4 {
		t.Errorf("stream: got %+v, %v, want 4 open shards", got, err)
	}
	cfg := checkpoint.DefaultConfig()
	cfg.Table, cfg.Worker, cfg.CreateTable = "app", "w", false
	if err := checkpoint.New(aws.dynamodb, cfg).Init(t.Context()); err != nil {
		t.Errorf("the table is no lease table: %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

// runScript interprets a script as a POSIX shell would, awslocal being ours and
// any other program an error.
func runScript(t *testing.T, path string, aws awslocal) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode()&0o111 == 0 {
		t.Errorf("%s cannot be executed, so LocalStack passes over it", path)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	prog, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(f, path)
	if err != nil {
		t.Fatal(err)
	}
	calls := func(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
		return func(ctx context.Context, args []string) error {
			if args[0] != "awslocal" {
				return fmt.Errorf("%s is not in LocalStack's image for certain", args[0])
			}
			if err := aws.run(ctx, args[1:]); err != nil {
				fmt.Fprintln(interp.HandlerCtx(ctx).Stderr, err)
				return interp.ExitStatus(254) // as the CLI does
			}
			return nil
		}
	}
	var out, errs strings.Builder
	env := expand.ListEnviron("KORESTREAM_STREAM=fleet", "KORESTREAM_APPLICATION=app")
	r, err := interp.New(interp.Env(env), interp.StdIO(nil, &out, &errs), interp.ExecHandlers(calls))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), prog); err != nil {
		t.Fatalf("%s: %v\n%s%s", path, err, out.String(), errs.String())
	}
	if !strings.Contains(out.String(), "stream fleet and table app are ready") {
		t.Errorf("%s said %q", path, out.String())
	}
}

// awslocal is as much of the AWS CLI as the scripts use.
type awslocal struct {
	kinesis  *kinesis.Client
	dynamodb *dynamodb.Client
}

func (a awslocal) run(ctx context.Context, args []string) error {
	var words []string
	flags := map[string][]string{}
	last := ""
	for _, s := range args {
		switch {
		case strings.HasPrefix(s, "--"):
			last = s
			flags[s] = nil
		case last == "":
			words = append(words, s)
		default:
			flags[last] = append(flags[last], s)
		}
	}
	one := func(flag string) *string { return ptr(strings.Join(flags[flag], " ")) }
	var err error
	switch command := strings.Join(words, " "); command {
	case "kinesis describe-stream-summary":
		_, err = a.kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: one("--stream-name")})
	case "kinesis wait stream-exists":
		_, err = a.kinesis.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: one("--stream-name")})
	case "kinesis create-stream":
		var n int
		if n, err = strconv.Atoi(*one("--shard-count")); err == nil {
			_, err = a.kinesis.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: one("--stream-name"), ShardCount: aws.Int32(int32(n))})
		}
	case "dynamodb describe-table", "dynamodb wait table-exists":
		_, err = a.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: one("--table-name")})
	case "dynamodb create-table":
		_, err = a.dynamodb.CreateTable(ctx, createTable(flags, one))
	default:
		return errors.New("aws: unknown command: " + command)
	}
	return err
}

func createTable(flags map[string][]string, one func(string) *string) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{TableName: one("--table-name"), BillingMode: ddb.BillingMode(*one("--billing-mode"))}
	for _, d := range flags["--attribute-definitions"] {
		m := shorthand(d)
		in.AttributeDefinitions = append(in.AttributeDefinitions, ddb.AttributeDefinition{AttributeName: ptr(m["AttributeName"]), AttributeType: ddb.ScalarAttributeType(m["AttributeType"])})
	}
	for _, k := range flags["--key-schema"] {
		m := shorthand(k)
		in.KeySchema = append(in.KeySchema, ddb.KeySchemaElement{AttributeName: ptr(m["AttributeName"]), KeyType: ddb.KeyType(m["KeyType"])})
	}
	return in
}

// shorthand reads the CLI's A=b,C=d.
func shorthand(s string) map[string]string {
	m := map[string]string{}
	for part := range strings.SplitSeq(s, ",") {
		k, v, _ := strings.Cut(part, "=")
		m[k] = v
	}
	return m
}
