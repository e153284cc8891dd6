package fleet

// network is a mobile network as it appears in an event, and a place it covers.
type network struct {
	name, country, mcc, mnc string
	lat, lon                float64
}

// networks are real ones. Some have names that careless encoders spoil.
var networks = []network{
	{"AT&T", "US", "310", "410", 32.7767, -96.7970},
	{"T-Mobile USA", "US", "310", "260", 47.6062, -122.3321},
	{"Verizon", "US", "311", "480", 40.7357, -74.1724},
	{"Rogers", "CA", "302", "720", 43.6532, -79.3832},
	{"Telcel", "MX", "334", "020", 19.4326, -99.1332},
	{"Telefônica Brasil", "BR", "724", "06", -23.5505, -46.6333},
	{"Claro", "BR", "724", "05", -22.9068, -43.1729},
	{"EE", "GB", "234", "30", 51.4545, -2.5879},
	{"O2 - UK", "GB", "234", "10", 53.4808, -2.2426},
	{"Telekom.de", "DE", "262", "01", 50.7374, 7.0982},
	{"Vodafone", "DE", "262", "02", 51.2277, 6.7735},
	{"Orange F", "FR", "208", "01", 48.8566, 2.3522},
	{"Bouygues Télécom", "FR", "208", "20", 45.7640, 4.8357},
	{"Movistar", "ES", "214", "07", 40.4168, -3.7038},
	{"TIM", "IT", "222", "01", 45.4642, 9.1900},
	{"Síminn", "IS", "274", "01", 64.1466, -21.9426},
	{"Turkcell", "TR", "286", "01", 41.0082, 28.9784},
	{"NTT DOCOMO", "JP", "440", "10", 35.6762, 139.6503},
	{"Telstra", "AU", "505", "01", -37.8136, 144.9631},
	{"Vodacom", "ZA", "655", "01", -26.2041, 28.0473},
}

// radios are seen values of rat_type; KORE publishes no list.
var radios = []string{"4G LTE", "4G LTE", "4G LTE", "LTE Cat-M", "NB-IoT"}
