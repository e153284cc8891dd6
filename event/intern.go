package event

// known holds strings that nearly every event repeats, so that they are not
// allocated once per event.
var known = func() map[string]string {
	all := []string{
		"1.0", "application/json", "kore-events", "/schemas/test/1", TypeTest,
		"https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/1",
		"https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/2",
	}
	for _, suffix := range suffixes {
		for _, prefix := range []string{"com.kore.iot.", "com.twilio.iot."} {
			all = append(all, prefix+connectionPart+suffix)
		}
	}
	m := make(map[string]string, len(all))
	for _, s := range all {
		m[s] = s
	}
	return m
}()

// intern returns b as a string.
func intern(b []byte) string {
	if s, ok := known[string(b)]; ok {
		return s
	}
	return string(b)
}
