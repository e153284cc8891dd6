package check

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// attributes are those of resources that the template may ask for with GetAtt.
var attributes = map[string][]string{
	"AWS::DynamoDB::Table":                      {"Arn", "StreamArn"},
	"AWS::S3::Bucket":                           {"Arn", "DomainName"},
	"AWS::IAM::Role":                            {"Arn", "RoleId"},
	"AWS::EC2::SecurityGroup":                   {"GroupId", "VpcId"},
	"AWS::ECS::Service":                         {"Name", "ServiceArn"},
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {"DNSName", "LoadBalancerArn"},
}

func TestCloudFormation_EveryReferenceResolves(t *testing.T) {
	t.Parallel()
	s := readStack(t)
	used := make(map[string]bool)
	for _, r := range slices.Concat(references(s.Conditions), references(s.Resources), references(s.Outputs)) {
		used[r.name] = true
		if strings.HasPrefix(r.name, "AWS::") {
			continue
		}
		var where []map[string]any
		switch {
		case r.function == "Fn::If" || r.function == "Condition":
			where = []map[string]any{s.Conditions}
			if r.function == "Condition" && s.Conditions[r.name] == nil {
				continue // a policy's own Condition has no name
			}
		case r.function == "Fn::FindInMap":
			where = []map[string]any{s.Mappings}
		case r.function == "Fn::GetAtt" || r.function == "DependsOn" || r.attribute != "":
			where = []map[string]any{s.Resources}
		default:
			where = []map[string]any{s.Parameters, s.Resources}
		}
		if !slices.ContainsFunc(where, func(m map[string]any) bool { return m[r.name] != nil }) {
			t.Errorf("%s %s: there is no such thing", r.function, r.name)
			continue
		}
		if r.attribute != "" {
			kind := s.Resources[r.name].(map[string]any)["Type"].(string)
			if !slices.Contains(attributes[kind], r.attribute) {
				t.Errorf("%s.%s: %s has no such attribute", r.name, r.attribute, kind)
			}
		}
	}
	for _, m := range []map[string]any{s.Parameters, s.Mappings, s.Conditions} {
		for name := range m {
			if !used[name] {
				t.Errorf("%s is used nowhere", name)
			}
		}
	}
	if len(used) < 40 {
		t.Fatalf("%d references found", len(used))
	}
}

func TestCloudFormation_ConditionalResourcesAreAskedForUnderTheirCondition(t *testing.T) {
	t.Parallel()
	s := readStack(t)
	for name, v := range s.Resources {
		r := v.(map[string]any)
		if r["Condition"] != nil {
			continue
		}
		for _, ref := range unconditional(r["Properties"]) {
			if target, ok := s.Resources[ref.name].(map[string]any); ok && target["Condition"] != nil {
				t.Errorf("%s always asks for %s, which is there only if %v", name, ref.name, target["Condition"])
			}
		}
	}
}

// unconditional are the references outside of any Fn::If.
func unconditional(v any) []reference {
	switch v := v.(type) {
	case []any:
		var all []reference
		for _, e := range v {
			all = append(all, unconditional(e)...)
		}
		return all
	case map[string]any:
		var all []reference
		for key, value := range v {
			if key != "Fn::If" {
				all = append(all, named(key, value)...)
				all = append(all, unconditional(value)...)
			}
		}
		return all
	}
	return nil
}

// parameterSets are what the template is evaluated for: the least, and everything.
func parameterSets() map[string]map[string]any {
	least := map[string]any{
		"Image": "i:1", "Cluster": "c", "VpcId": "vpc-1", "SubnetIds": []any{"subnet-1", "subnet-2"}, "StreamName": "kore-events",
	}
	all := maps.Clone(least)
	maps.Copy(all, map[string]any{
		"CreateStream": "true", "StreamKeyArn": "arn:aws:kms:k", "Source": "auto", "DrainTimeout": "110s", "AlarmTopicArn": "arn:aws:sns:t",
		"HandlerPolicyArn": "arn:aws:iam::1:policy/p", "HandlerSecurityGroupId": "sg-1",
		"WebhookUrl": "https://h/", "WebhookCertificateArn": "arn:aws:acm:c", "WebhookSecretArn": "arn:aws:secretsmanager:s", "WebhookSubnetIds": []any{"subnet-3", "subnet-4"},
	})
	return map[string]map[string]any{"least": least, "everything": all}
}

func TestCloudFormation_ResourcesHaveThePropertiesOfTheirTypes(t *testing.T) {
	t.Parallel()
	counts := make(map[string]int)
	for set, parameters := range parameterSets() {
		all := resolver{readStack(t), parameters}.resources()
		counts[set] = len(all)
		for name, resource := range all {
			for _, mistake := range judge(t, resource) {
				t.Errorf("%s, %s: %s", set, name, mistake)
			}
		}
		properties := all["Service"]["Properties"].(map[string]any)
		properties["DesiredTasks"] = "2"
		if len(judge(t, all["Service"])) == 0 {
			t.Errorf("%s: a property that a service has not was not noticed", set)
		}
	}
	if least, all := counts["least"], counts["everything"]; all != len(readStack(t).Resources) || all-least != 7 {
		t.Errorf("%d resources at least, %d with everything, want the stream and 6 of the webhook more", least, all)
	}
}

func TestCloudFormation_TaskIsLockedDownAndHasTimeToStop(t *testing.T) {
	t.Parallel()
	s := readStack(t)
	task := s.Resources["Task"].(map[string]any)["Properties"].(map[string]any)
	c := task["ContainerDefinitions"].([]any)[0].(map[string]any)
	for key, want := range map[string]string{"User": "65532:65532", "ReadonlyRootFilesystem": "true"} {
		if c[key] != want {
			t.Errorf("%s: got %v, want %s", key, c[key], want)
		}
	}
	choices := s.Parameters["DrainTimeout"].(map[string]any)["AllowedValues"].([]any)
	if stops := s.Mappings["Stop"].(map[string]any); len(stops) != len(choices) {
		t.Errorf("%d choices of DrainTimeout, %d stop time-outs", len(choices), len(stops))
	}
	for _, choice := range choices {
		stop, _ := s.Mappings["Stop"].(map[string]any)[choice.(string)].(map[string]any)
		drain := seconds(t, choice.(string))
		if got := seconds(t, stop["Timeout"].(string)+"s"); got <= drain || got > 120 {
			t.Errorf("a drain of %d s is killed after %d s: want more, and 120 at most", drain, got)
		}
	}
}
