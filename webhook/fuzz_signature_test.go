package webhook

import "testing"

// FuzzSignature wants a request verified that its sender signed, and the same
// signature refused for any other body.
func FuzzSignature(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Secret, []byte(v.Body), []byte(v.Body+" "))
	}
	f.Add("12345", []byte(`{"a": 1}`), []byte(`{"a":1}`))
	f.Add("12345", []byte(`{"a":1}`), []byte("{\"a\":1}\x80\x00"))
	f.Fuzz(func(t *testing.T, secret string, body, other []byte) {
		const url = "https://testendpoint.com/k"
		signature := Sign(secret, "POST", url, body)
		if !verified([]string{secret}, "POST", url, body, signature) {
			t.Fatal("a signed request was refused")
		}
		if verified([]string{secret}, "POST", url, other, signature) && !sameText(body, other) {
			t.Fatal("verified for another body")
		}
	})
}
