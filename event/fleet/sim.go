package fleet

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"korestream/event"
)

// group is what the SIMs of one customer's fleet have in common.
type group struct {
	account, fleet string
	// prefix stands before the types: both are seen.
	prefix string
	// version is the schema version that the streaming rule asks for.
	version int
	// stem begins the SIMs' names.
	stem string
}

// sim is one SIM and what it is doing.
type sim struct {
	*group
	sid, iccid, imsi string
	// imei and name are empty for SIMs whose network or owner does not tell.
	imei, name  string
	networkSID  string
	network     network
	radio, cell string

	state state
	// at is when the next event happens.
	at time.Time
	// session is the data session while state is inSession.
	session session
}

type state uint8

const (
	detached state = iota
	attached
	inSession
)

// session is one data session.
type session struct {
	sid, ip string
	start   time.Time
	// reported is up to when usage was reported.
	reported time.Time
	// down and up are the bytes since start, as reported.
	down, up int64
	// updates is how many reports there will be before the end.
	updates int
}

// schedule is a heap of SIMs by the time of their next event. A SIM's sid
// decides between equal times, so that the order depends on nothing else.
type schedule []*sim

func (s schedule) Len() int { return len(s) }

func (s schedule) Less(i, j int) bool {
	if c := s[i].at.Compare(s[j].at); c != 0 {
		return c < 0
	}
	return s[i].sid < s[j].sid
}

func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push is there for the interface: the number of SIMs is fixed.
func (s *schedule) Push(x any) { *s = append(*s, x.(*sim)) }

// Pop is there for the interface: the number of SIMs is fixed.
func (s *schedule) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// newSIMs makes n SIMs of at least four groups, which differ in type prefix and
// schema version. Their first events fall within ten minutes of start.
func newSIMs(r *rand.Rand, n int, start time.Time) schedule {
	const perGroup = 25
	stems := []string{"pump", "meter", "tracker", "kiosk", "gate", "Zähler"}
	groups := make([]*group, max(4, n/perGroup))
	for i := range groups {
		groups[i] = &group{
			account: sid(r, []string{"AC", "CO"}[i/2%2]),
			fleet:   sid(r, "HF"),
			prefix:  []string{"com.kore.iot.", "com.twilio.iot."}[i%2],
			version: []int{2, 2, 2, 1}[i%4],
			stem:    stems[i%len(stems)],
		}
	}
	sims := make(schedule, n)
	for i := range sims {
		sims[i] = newSIM(r, groups[i%len(groups)], i)
		sims[i].at = start.Add(time.Duration(r.Int64N(int64(10 * time.Minute))))
	}
	return sims
}

func newSIM(r *rand.Rand, g *group, i int) *sim {
	// SIMs made since the third quarter of 2025 have the second prefix.
	issuer := []string{"8988307", "8910392"}[r.IntN(2)]
	s := &sim{
		group:      g,
		sid:        sid(r, "HS"),
		iccid:      fmt.Sprintf("%s%013d", issuer, i+1),
		imsi:       fmt.Sprintf("90143%010d", i+1),
		networkSID: sid(r, "HW"),
		network:    networks[r.IntN(len(networks))],
		radio:      radios[r.IntN(len(radios))],
		cell:       fmt.Sprint(10_000_000 + r.IntN(90_000_000)),
	}
	if r.IntN(10) > 0 {
		s.imei = fmt.Sprintf("35%013d", r.Int64N(1e13))
	}
	if r.IntN(5) > 0 {
		s.name = fmt.Sprintf("%s-%d", g.stem, i+1)
	}
	return s
}

// sid makes up an identifier: two letters and 32 hexadecimal digits.
func sid(r *rand.Rand, kind string) string {
	return kind + hex.EncodeToString(random(r))
}

// uuid makes up a version 4 UUID, as KORE's test events have.
func uuid(r *rand.Rand) string {
	b := random(r)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// random returns 16 bytes.
func random(r *rand.Rand) []byte {
	b := make([]byte, 0, 16)
	for range 2 {
		n := r.Uint64()
		for range 8 {
			b = append(b, byte(n))
			n >>= 8
		}
	}
	return b
}

// message begins an event of this SIM.
func (s *sim) message(r *rand.Rand, suffix string, at time.Time) message {
	return message{
		sim: s, id: sid(r, "EZ"), at: at,
		typ:    s.prefix + "supersim.connection." + suffix,
		source: "kore-events", specversion: "1.0",
		schema: fmt.Sprintf("https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/%d", s.version),
	}
}

// accepted is an attachment event outside the SIM's own course. KORE does send
// several of them in a row.
func (s *sim) accepted(r *rand.Rand, at time.Time) message {
	return s.message(r, event.SuffixAttachmentAccepted, at)
}
