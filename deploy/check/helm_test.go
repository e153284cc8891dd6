package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

func TestChart_KorestreamAcceptsTheConfigThatItRenders(t *testing.T) {
	t.Parallel()
	for _, file := range valueFiles(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			m := rendered(t, file)
			pod := m.deployment(t).Spec.Template.Spec
			config := object[core.ConfigMap](t, m, "ConfigMap/"+pod.Volumes[0].ConfigMap.Name).Data["korestream.yaml"]
			if strings.Contains(config, "webhook:") && !knowsWebhook(t) {
				t.Skip("this korestream has no settings of a webhook")
			}
			path := filepath.Join(t.TempDir(), "korestream.yaml")
			if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			out, code := korestream(t, variables(&pod.Containers[0]), "config", "--config", path)
			if code != 0 {
				t.Fatalf("exit %d: %s\n%s", code, out, config)
			}
			for _, want := range []string{"listen: :9090", "advertise: 10.1.2.3:9090"} {
				if !strings.Contains(strings.ReplaceAll(out, `"`, ""), want) {
					t.Errorf("the configuration has no %q:\n%s", want, out)
				}
			}
		})
	}
}

// variables are a container's variables as Kubernetes would set them in a pod at
// 10.1.2.3.
func variables(c *core.Container) []string {
	var env []string
	for _, v := range c.Env {
		switch {
		case v.ValueFrom == nil:
			env = append(env, v.Name+"="+strings.ReplaceAll(v.Value, "$(POD_IP)", "10.1.2.3"))
		case v.ValueFrom.ResourceFieldRef != nil:
			env = append(env, v.Name+"="+c.Resources.Limits.Memory().AsDec().String())
		}
	}
	return env
}

// knowsWebhook tells whether this korestream has settings of a webhook.
func knowsWebhook(t *testing.T) bool {
	out, _ := korestream(t, nil, "config", "--stream", "s", "--set", "handlers=[]")
	return strings.Contains(out, "webhook:")
}

func TestChart_GracePeriodIsLongerThanTheDrain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, values string
		want         int64
	}{
		{"as it comes", ``, 35},
		{"minutes", `config: {drain: {timeout: 1m30s}}`, 100},
		{"part of a second", `config: {drain: {timeout: 1500ms}}`, 12},
		{"fraction", `config: {drain: {timeout: 0.5m}}`, 40},
		{"hours", `config: {drain: {timeout: 1h}}`, 3610},
		{"margin", `termination: {marginSeconds: 1}`, 26},
		{"given", `termination: {gracePeriodSeconds: 26}`, 26},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			spec := rendered(t, "least.yaml", tc.values).deployment(t).Spec.Template.Spec
			if got := *spec.TerminationGracePeriodSeconds; got != tc.want {
				t.Errorf("got %d s, want %d", got, tc.want)
			}
		})
	}
}

func TestChart_RefusesWhatWouldLoseDataOrNotStart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, values, want string }{
		{"killed while it drains", `termination: {gracePeriodSeconds: 25}`, "would kill a pod that drains"},
		{"killed by a zero", `termination: {gracePeriodSeconds: 0}`, "gracePeriodSeconds"},
		{"no duration", `config: {drain: {timeout: soon}}`, "is no duration"},
		{"no margin", `termination: {marginSeconds: 0}`, "marginSeconds"},
		{"letters in a file", `config: {dead_letters: {type: file}}`, "would be gone with its pod"},
		{"letters nowhere", `config: {dead_letters: null}`, "would be gone with its pod"},
		{"events in a file", `config: {handlers: [{name: a, type: ndjson, path: /data/a}]}`, "the file of a would be gone"},
		{"no stream", `config: {stream: ""}`, "name the stream"},
		{"no handlers", `config: {handlers: []}`, "say what to do with events"},
		{"no image", `image: {repository: ""}`, "name the image"},
		{"memory twice", `config: {limits: {memory: 1GiB}}`, "from resources.limits.memory"},
		{"no memory", `resources: {limits: {memory: null}}`, "memory"},
		{"its own admin address", `config: {admin: {listen: ":80"}}`, "the chart sets it"},
		{"a name that is not there", `replica: 3`, "replica"},
		{"webhook without settings", `webhook: {enabled: true}`, "webhook.enabled needs its settings"},
		{"a role that is none", `serviceAccount: {roleArn: admin}`, "roleArn"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := render("least.yaml", tc.values); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestChart_PodIsLockedDown(t *testing.T) {
	t.Parallel()
	for _, file := range valueFiles(t) {
		spec := rendered(t, file).deployment(t).Spec.Template.Spec
		c := spec.Containers[0]
		if !*spec.SecurityContext.RunAsNonRoot || *spec.SecurityContext.RunAsUser == 0 ||
			spec.SecurityContext.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: pod may be root or has no seccomp profile: %+v", file, spec.SecurityContext)
		}
		if !*c.SecurityContext.ReadOnlyRootFilesystem || *c.SecurityContext.AllowPrivilegeEscalation ||
			len(c.SecurityContext.Capabilities.Drop) != 1 || c.SecurityContext.Capabilities.Drop[0] != "ALL" {
			t.Errorf("%s: container is not locked down: %+v", file, c.SecurityContext)
		}
		if *spec.AutomountServiceAccountToken {
			t.Errorf("%s: the pod is given Kubernetes's token", file)
		}
		// A Service named korestream would set KORESTREAM_PORT, an unknown setting.
		if *spec.EnableServiceLinks {
			t.Errorf("%s: service links set variables that korestream refuses", file)
		}
		if c.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s: no limit of memory", file)
		}
	}
}

func TestChart_ProbesAskWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	c := rendered(t, "least.yaml").deployment(t).Spec.Template.Spec.Containers[0]
	for path, p := range map[string]*core.Probe{"/startupz": c.StartupProbe, "/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if p.HTTPGet.Path != path || p.HTTPGet.Port.StrVal != "admin" {
			t.Errorf("got %+v, want %s on the admin port", p.HTTPGet, path)
		}
	}
	// The start-up check may take 15 s.
	if d := time.Duration(c.StartupProbe.PeriodSeconds*c.StartupProbe.FailureThreshold) * time.Second; d < 15*time.Second {
		t.Errorf("a start may take %s, which is less than its check", d)
	}
}

func TestChart_ANewConfigRestartsThePods(t *testing.T) {
	t.Parallel()
	sum := func(values string) string {
		return rendered(t, "least.yaml", values).deployment(t).Spec.Template.Annotations["checksum/config"]
	}
	a, again, b := sum(``), sum(``), sum(`config: {lanes: {concurrency: 8}}`)
	if a == "" || a != again || a == b {
		t.Errorf("checksums: got %q, %q again and %q with another config", a, again, b)
	}
}

func TestChart_SecretsAreFiles(t *testing.T) {
	t.Parallel()
	spec := rendered(t, "full.yaml").deployment(t).Spec.Template.Spec
	mounts := make(map[string]string)
	for _, m := range spec.Containers[0].VolumeMounts {
		if !m.ReadOnly && m.Name != "data" {
			t.Errorf("%s may be written", m.Name)
		}
		mounts[m.Name] = m.MountPath
	}
	for name, path := range map[string]string{"secret-postgres": "/run/secrets/korestream/postgres", "secret-partner": "/run/secrets/korestream/partner"} {
		if mounts[name] != path {
			t.Errorf("%s: mounted at %q, want %q", name, mounts[name], path)
		}
	}
	for _, e := range spec.Containers[0].Env {
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			t.Errorf("%s is a secret in a variable", e.Name)
		}
	}
}

func TestChart_KEDAAsksTheAdminServiceAndOwnsTheReplicas(t *testing.T) {
	t.Parallel()
	m := rendered(t, "full.yaml")
	if r := m.deployment(t).Spec.Replicas; r != nil {
		t.Errorf("the Deployment sets %d replicas, which every upgrade would go back to", *r)
	}
	s := object[scaledObject](t, m, "ScaledObject/sims-korestream")
	service := object[core.Service](t, m, "Service/sims-korestream-admin")
	if s.Spec.ScaleTargetRef.Name != m.deployment(t).Name {
		t.Errorf("scales %s", s.Spec.ScaleTargetRef.Name)
	}
	trigger := s.Spec.Triggers[0]
	if want := "http://" + service.Name + ".iot.svc:9090/scale"; trigger.Type != "metrics-api" || trigger.Metadata["url"] != want {
		t.Errorf("trigger %s asks %s, want %s", trigger.Type, trigger.Metadata["url"], want)
	}
	// The answer is read where /scale puts the number.
	if answer, err := os.ReadFile(filepath.Join(root, "internal/app/scale.go")); err != nil {
		t.Logf("the answer of /scale is not looked up: %v", err)
	} else if field := "`json:\"" + trigger.Metadata["valueLocation"] + "\"`"; !strings.Contains(string(answer), field) {
		t.Errorf("/scale has no field %s", field)
	}
	if trigger.Metadata["valueLocation"] != "desired" || trigger.Metadata["targetValue"] != "1" {
		t.Errorf("trigger takes %v, want desired, one pod a unit", trigger.Metadata)
	}
}

func TestChart_ServicesSelectThePodsAndTheirPorts(t *testing.T) {
	t.Parallel()
	m := rendered(t, "webhook.yaml")
	template := m.deployment(t).Spec.Template
	ports := make(map[string]bool)
	for _, p := range template.Spec.Containers[0].Ports {
		ports[p.Name] = true
	}
	for _, name := range []string{"sims-korestream-admin", "sims-korestream-webhook"} {
		s := object[core.Service](t, m, "Service/"+name)
		for k, v := range s.Spec.Selector {
			if template.Labels[k] != v {
				t.Errorf("%s selects %s=%s, pods have %q", name, k, v, template.Labels[k])
			}
		}
		if p := s.Spec.Ports[0].TargetPort.StrVal; !ports[p] {
			t.Errorf("%s targets port %q, pods have %v", name, p, ports)
		}
	}
	in := object[networking.Ingress](t, m, "Ingress/sims-korestream-webhook")
	backend := in.Spec.Rules[0].HTTP.Paths[0].Backend.Service
	if backend.Name != "sims-korestream-webhook" || backend.Port.Name != "webhook" {
		t.Errorf("the ingress leads to %+v", backend)
	}
	if _, ok := rendered(t, "least.yaml").objects["Service/sims-korestream-webhook"]; ok {
		t.Error("a webhook's service without a webhook")
	}
}

func TestChart_NetworkPolicyLetsInOnlyWhoIsNamed(t *testing.T) {
	t.Parallel()
	p := object[networking.NetworkPolicy](t, rendered(t, "full.yaml"), "NetworkPolicy/sims-korestream")
	for _, in := range p.Spec.Ingress {
		if len(in.From) == 0 {
			t.Errorf("everybody may reach %v", in.Ports)
		}
	}
	if n := len(p.Spec.Ingress[0].From); n != 3 {
		t.Errorf("the admin port is open to %d peers, want the pods, KEDA and the one that is named", n)
	}
	var rule networking.NetworkPolicyEgressRule
	if err := yaml.Unmarshal([]byte(`{ports: [{port: 5432, protocol: TCP}]}`), &rule); err != nil {
		t.Fatal(err)
	}
	last := p.Spec.Egress[len(p.Spec.Egress)-1]
	if last.Ports[0].Port.IntVal != rule.Ports[0].Port.IntVal {
		t.Errorf("the last way out is %v, want the one that is named", last.Ports)
	}
}

func TestManifests_RefuseAFieldThatTheirAPIHasNot(t *testing.T) {
	t.Parallel()
	m := &manifests{objects: make(map[string]any)}
	good := "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"
	if err := m.decode(good); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a field":   "apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {port: 80}\n",
		"a kind":    "apiVersion: v1\nkind: Servant\nmetadata: {name: c}\n",
		"its type":  "apiVersion: v1\nkind: Service\nmetadata: {name: d}\nspec: {ports: 80}\n",
		"its name":  good,
		"a scaling": "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: e}\nspec: {maxReplica: 3}\n",
	} {
		if err := m.decode(text); err == nil {
			t.Errorf("%s that is wrong: got no error", name)
		}
	}
}
