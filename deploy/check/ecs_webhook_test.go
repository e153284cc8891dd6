package check

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// way is how KORE's webhooks come to a task through the load balancer.
type way struct {
	ListenerPort, Listener, TargetPort, Targets string
	HealthPort, HealthPath, HealthCode          string
}

// wanted is what a task serves: webhooks at the port that KORESTREAM_WEBHOOK_LISTEN
// says, and readiness at the admin port. The balancer has the certificate.
var wanted = way{
	ListenerPort: "443", Listener: "HTTPS", TargetPort: "8080", Targets: "HTTP",
	HealthPort: "9090", HealthPath: "/readyz", HealthCode: "200",
}

func TestECS_BalancerLeadsToTheWebhookAndAsksWhetherATaskIsReady(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]way{"CloudFormation": stackWay(t), "Terraform": terraformWay(t)} {
		if d := cmp.Diff(wanted, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// stackWay is that of the template, and fails the test unless its parts refer to each
// other and the task has the ports.
func stackWay(t *testing.T) way {
	t.Helper()
	all := resolver{readStack(t), parameterSets()["everything"]}.resources()
	properties := func(name string) map[string]any {
		p, _ := all[name]["Properties"].(map[string]any)
		if p == nil {
			t.Fatalf("the template has no %s", name)
		}
		return p
	}
	listener, targets := properties("WebhookListener"), properties("WebhookTargets")
	task := properties("Task")["ContainerDefinitions"].([]any)[0].(map[string]any)
	var ports []string
	for _, p := range task["PortMappings"].([]any) {
		ports = append(ports, fmt.Sprint(p.(map[string]any)["ContainerPort"]))
	}
	if !slices.Contains(ports, wanted.TargetPort) || !slices.Contains(ports, wanted.HealthPort) {
		t.Errorf("the task has ports %v, want %s and %s", ports, wanted.TargetPort, wanted.HealthPort)
	}
	listens := ""
	for _, e := range task["Environment"].([]any) {
		if v := e.(map[string]any); v["Name"] == "KORESTREAM_WEBHOOK_LISTEN" {
			listens = fmt.Sprint(v["Value"])
		}
	}
	if listens != ":"+wanted.TargetPort {
		t.Errorf("the task listens at %q, want :%s", listens, wanted.TargetPort)
	}
	forward := listener["DefaultActions"].([]any)[0].(map[string]any)
	behind := properties("Service")["LoadBalancers"].([]any)[0].(map[string]any)
	if forward["Type"] != "forward" || fmt.Sprint(forward["TargetGroupArn"]) != fmt.Sprint(behind["TargetGroupArn"]) ||
		fmt.Sprint(behind["ContainerPort"]) != wanted.TargetPort {
		t.Errorf("the listener does %v, the service is behind %v", forward, behind)
	}
	matcher, _ := targets["Matcher"].(map[string]any)
	return way{
		ListenerPort: fmt.Sprint(listener["Port"]), Listener: fmt.Sprint(listener["Protocol"]),
		TargetPort: fmt.Sprint(targets["Port"]), Targets: fmt.Sprint(targets["Protocol"]),
		HealthPort: fmt.Sprint(targets["HealthCheckPort"]), HealthPath: fmt.Sprint(targets["HealthCheckPath"]), HealthCode: fmt.Sprint(matcher["HttpCode"]),
	}
}

// terraformWay is that of the module.
func terraformWay(t *testing.T) way {
	t.Helper()
	declared := readTerraform(t).declared(t)
	listener, targets := declared["aws_lb_listener.webhook"], declared["aws_lb_target_group.webhook"]
	if listener == nil || targets == nil {
		t.Fatal("the module has no listener or no target group")
	}
	health := inner(t, targets, "health_check")
	if forwards := inner(t, listener, "default_action").Body.Attributes["target_group_arn"].Expr.Variables(); len(forwards) != 1 || written(forwards[0]) != "aws_lb_target_group.webhook" {
		t.Errorf("the listener forwards to %v, want the target group", forwards)
	}
	return way{
		ListenerPort: said(t, listener, "port"), Listener: said(t, listener, "protocol"),
		TargetPort: said(t, targets, "port"), Targets: said(t, targets, "protocol"),
		HealthPort: said(t, health, "port"), HealthPath: said(t, health, "path"), HealthCode: said(t, health, "matcher"),
	}
}

func inner(t *testing.T, b *hclsyntax.Block, kind string) *hclsyntax.Block {
	t.Helper()
	for _, in := range b.Body.Blocks {
		if in.Type == kind {
			return in
		}
	}
	t.Fatalf("%v has no %s", b.Labels, kind)
	return nil
}

// said is a constant attribute as text.
func said(t *testing.T, b *hclsyntax.Block, name string) string {
	t.Helper()
	a := b.Body.Attributes[name]
	if a == nil {
		t.Fatalf("%v has no %s", b.Labels, name)
	}
	v := constant(t, a.Expr)
	if v.Type() == cty.Number {
		return v.AsBigFloat().String()
	}
	return v.AsString()
}
