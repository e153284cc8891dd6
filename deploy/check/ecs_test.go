package check

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// needed is what korestream calls by the settings that both templates make, as its
// README has it: no table is created, dead letters are objects.
var needed = grants{
	"ReadStream":     {"kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"},
	"Lease":          {"dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"},
	"Bury":           {"s3:PutObject"},
	"FanOut":         {"kinesis:DescribeStreamConsumer", "kinesis:RegisterStreamConsumer", "kinesis:SubscribeToShard"},
	"Decrypt":        {"kms:Decrypt"},
	"PutFromWebhook": {"kinesis:PutRecords"},
	"ReadSecrets":    {"secretsmanager:GetSecretValue"},
}

func TestECS_TaskRoleMayDoWhatKorestreamCallsAndNoMore(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]grants{"CloudFormation": stackGrants(t), "Terraform": terraformGrants(t)} {
		if !reflect.DeepEqual(got, needed) {
			t.Errorf("%s\n got %v\nwant %v", name, got, needed)
		}
	}
	for _, action := range slices.Concat(slices.Collect(maps.Values(needed))...) {
		if strings.Contains(action, "*") {
			t.Errorf("%s allows more than a call", action)
		}
	}
}

func TestECS_TaskRoleIsThePolicyThatKorestreamPrints(t *testing.T) {
	t.Parallel()
	if help, _ := korestream(t, nil, "--help"); !strings.Contains(help, "iam-policy") {
		t.Skip("this korestream prints no policy")
	}
	for source, parts := range map[string][]string{"polling": {"ReadStream", "Lease", "Bury"}, "auto": {"ReadStream", "Lease", "Bury", "FanOut"}} {
		env := []string{
			"AWS_REGION=eu-west-1", "KORESTREAM_STREAM=kore-events", "KORESTREAM_HANDLERS=[{name: log, type: log}]", "KORESTREAM_SOURCE_TYPE=" + source,
			"KORESTREAM_LEASE_CREATE_TABLE=false", "KORESTREAM_DEAD_LETTERS_TYPE=s3", "KORESTREAM_DEAD_LETTERS_BUCKET=letters",
		}
		out, code := korestream(t, env, "iam-policy", "--account", "123456789012")
		var policy struct {
			Statement []struct{ Action []string }
		}
		if err := json.Unmarshal([]byte(out), &policy); code != 0 || err != nil {
			t.Fatalf("exit %d, %v: %s", code, err, out)
		}
		var got, want []string
		for _, s := range policy.Statement {
			got = append(got, s.Action...)
		}
		for _, part := range parts {
			want = append(want, needed[part]...)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: korestream wants %v, the templates grant %v", source, got, want)
		}
	}
}

func TestECS_KorestreamAcceptsTheVariablesOfTheTask(t *testing.T) {
	t.Parallel()
	names := stackVariables(t)
	if other := terraformVariables(t); !slices.Equal(names, other) {
		t.Fatalf("CloudFormation sets %v, Terraform %v", names, other)
	}
	values := map[string]string{
		"KORESTREAM_STREAM": "kore-events", "KORESTREAM_HANDLERS": "[{name: log, type: log}]", "KORESTREAM_SOURCE_TYPE": "polling",
		"KORESTREAM_LEASE_CREATE_TABLE": "false", "KORESTREAM_DEAD_LETTERS_TYPE": "s3", "KORESTREAM_DEAD_LETTERS_BUCKET": "letters",
		"KORESTREAM_LIMITS_MEMORY": "1024MiB", "KORESTREAM_DRAIN_TIMEOUT": "25s", "KORESTREAM_ADMIN_LISTEN": ":9090",
		"KORESTREAM_APPLICATION": "korestream", "KORESTREAM_LEASE_TABLE": "korestream",
	}
	var env []string
	for _, name := range names {
		value, ok := values[name]
		if !ok && strings.HasPrefix(name, "KORESTREAM_") && !strings.HasPrefix(name, "KORESTREAM_WEBHOOK_") {
			t.Errorf("%s: nothing to try it with", name)
		}
		if ok {
			env = append(env, name+"="+value)
		}
	}
	if len(env) != len(values) {
		t.Errorf("%d of %d variables are set by the templates", len(env), len(values))
	}
	if out, code := korestream(t, env, "config"); code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestECS_AlarmsAreTheSame(t *testing.T) {
	t.Parallel()
	var stackAlarms []string
	for _, v := range readStack(t).Resources {
		if r := v.(map[string]any); r["Type"] == "AWS::CloudWatch::Alarm" {
			p := r["Properties"].(map[string]any)
			stackAlarms = append(stackAlarms, p["Namespace"].(string)+" "+p["MetricName"].(string)+": "+p["AlarmDescription"].(string))
		}
	}
	slices.Sort(stackAlarms)
	text := read(t, "ecs/terraform/alarms.tf")
	if len(stackAlarms) != 4 || strings.Count(text, "namespace   =") != len(stackAlarms) {
		t.Errorf("%d alarms in CloudFormation, want as many as in Terraform", len(stackAlarms))
	}
	for _, alarm := range stackAlarms {
		head, description, _ := strings.Cut(alarm, ": ")
		namespace, metric, _ := strings.Cut(head, " ")
		for _, want := range []string{namespace, metric, description} {
			if !strings.Contains(text, `"`+want+`"`) {
				t.Errorf("Terraform has no alarm with %q", want)
			}
		}
	}
}
