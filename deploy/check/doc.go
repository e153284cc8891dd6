// Package check holds the tests of what is in deploy: the image, the Helm chart,
// the ECS templates, the alert rules and the dashboard. It is a module of its
// own, so that what the tests need is not what korestream needs. `make
// deploy-check` runs them; they need no cluster, no account and no network.
package check
