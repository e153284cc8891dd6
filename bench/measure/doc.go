// Package measure runs consumers in processes of their own, one after another in
// rotation, and says what each has cost.
//
// A consumer costs what the operating system says of its process: user and
// system time, peak memory. From that is taken what the same consumer costs
// where each shard holds ten records only: its start, its leases, its stop. What
// is left is divided by the records. Wall time is noted, but nothing is made of
// it: it depends on what else the machine does.
//
// A run counts only if the consumer handled exactly what was served.
package measure
