package webhook

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// vector is one of testdata/signature-vectors.json: published ones are from KORE's
// pages, the others follow their rules.
type vector struct {
	Name      string `json:"name"`
	Secret    string `json:"secret"`
	Method    string `json:"method"`
	URL       string `json:"configured_url"`
	SignedURL string `json:"url_in_signature"`
	Body      string `json:"body_received"`
	Sum       string `json:"sha256_hex"`
	Published string `json:"published"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/signature-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 7 {
		t.Fatalf("got %d vectors, want 7 or more", len(list))
	}
	return list
}

// portalTest is the body of the portal's test event, as compact as KORE sends it.
const portalTest = `[{"data":{"test_id":"88bf54a9-f2fb-40b6-8faf-e6c5a3c348d2"},"id":"fff521c2-c7db-4b53-a5a0-c5d5d01f66ce","time":"2024-09-25T19:09:48.5842087+00:00","type":"com.kore.eventstreams.test.event","source":"kore-events","dataschema":"/schemas/test/1","specversion":"1.0","datacontenttype":"application/json"}]`

func TestSignature_EveryVectorVerifies(t *testing.T) {
	t.Parallel()
	published := 0
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			if got := SignedURL(v.URL); got != v.SignedURL {
				t.Errorf("signed URL: got %s, want %s", got, v.SignedURL)
			}
			if v.Published != "" {
				published++
				if v.Published != v.Sum {
					t.Errorf("the vector contradicts itself: published %s, computed %s", v.Published, v.Sum)
				}
			}
			if !verified([]string{v.Secret}, v.Method, SignedURL(v.URL), []byte(v.Body), v.Sum) {
				t.Error("refused")
			}
			if !verified([]string{"another", v.Secret}, v.Method, SignedURL(v.URL), []byte(v.Body), v.Sum) {
				t.Error("refused with the secret second in the list")
			}
		})
	}
	if published < 3 {
		t.Errorf("got %d published vectors, want 3", published)
	}
}

func TestSignature_PortalTestBeginsAsPublished(t *testing.T) {
	t.Parallel()
	got := Sign("f4d430d03cff6f03e1", "POST", "https://testendpoint.com", []byte(portalTest))
	if !strings.HasPrefix(got, "ebad") {
		t.Errorf("got %s, want ebad…, the part of it that KORE's page shows", got)
	}
}

func TestSignature_QueryAndFragmentAreDroppedAndNothingElse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://testendpoint.com?foo1=bar1&foo2=bar2": "https://testendpoint.com",
		"https://testendpoint.com#cbs=kore":            "https://testendpoint.com",
		"https://testendpoint.com#a?b":                 "https://testendpoint.com",
		"https://Test.example:443/%7Ea//b/":            "https://Test.example:443/%7Ea//b/",
		"https://testendpoint.com/":                    "https://testendpoint.com/",
	} {
		if got := SignedURL(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// remade is what a receiver gets that decodes JSON and writes it again with
// encoding/json.
func remade(t *testing.T, body string) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSignature_WrongCanonicalFormsAreRefused(t *testing.T) {
	t.Parallel()
	const secret, url = "12345", "https://testendpoint.com/k"
	body := `[{"network":"AT&T","lon":-81.8090,"apn":"Telefônica","id":"1"}]`
	escaped := strings.NewReplacer("&", `\u0026`, "ô", `\u00f4`).Replace(body)
	for name, signed := range map[string][]byte{
		"decoded and marshalled again": remade(t, body),
		"numbers normalised":           bytes.ReplaceAll([]byte(body), []byte("-81.8090"), []byte("-81.809")),
		"ASCII escapes":                []byte(escaped),
		"spaces added":                 []byte(strings.ReplaceAll(body, ",", ", ")),
		"bytes behind it":              []byte(body + "\x80\x00"),
		"nothing":                      nil,
	} {
		if bytes.Equal(signed, []byte(body)) {
			t.Fatalf("%s: the form is no other", name)
		}
		if verified([]string{secret}, "POST", url, []byte(body), Sign(secret, "POST", url, signed)) {
			t.Errorf("%s: verified", name)
		}
	}
	if !verified([]string{secret}, "POST", url, []byte(" "+body+"\n"), Sign(secret, "POST", url, []byte(body))) {
		t.Error("white space around the signed body: refused")
	}
}

func TestSignature_OnlyItsOwnRequestVerifies(t *testing.T) {
	t.Parallel()
	const secret, url = "secret12345", "https://testendpoint.com/k"
	body := []byte("field1=value1")
	good := Sign(secret, "POST", url, body)
	for name, ok := range map[string]bool{
		"itself":         verified([]string{secret}, "POST", url, body, good),
		"other method":   !verified([]string{secret}, "GET", url, body, good),
		"other URL":      !verified([]string{secret}, "POST", url+"/", body, good),
		"other secret":   !verified([]string{"secret1234"}, "POST", url, body, good),
		"no secret":      !verified(nil, "POST", url, body, good),
		"no signature":   !verified([]string{secret}, "POST", url, body, ""),
		"cut signature":  !verified([]string{secret}, "POST", url, body, good[:62]),
		"upper case":     !verified([]string{secret}, "POST", url, body, strings.ToUpper(good)),
		"not hex":        !verified([]string{secret}, "POST", url, body, strings.Repeat("z", 64)),
		"last digit off": !verified([]string{secret}, "POST", url, body, good[:63]+otherDigit(good[63])),
	} {
		if !ok {
			t.Errorf("%s: wrongly judged", name)
		}
	}
}

func otherDigit(c byte) string {
	if c == '0' {
		return "1"
	}
	return "0"
}

// sameText tells whether two bodies are the same, or the second is the first with
// white space that JSON does not mind.
func sameText(signed, other []byte) bool {
	var compact bytes.Buffer
	return bytes.Equal(signed, other) || json.Compact(&compact, other) == nil && bytes.Equal(signed, compact.Bytes())
}
