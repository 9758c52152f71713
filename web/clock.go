package web

import (
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/record"
)

// zoneOf is the first zone that is known by its name, else UTC. "Local" is where this server stands, and nobody's.
func zoneOf(names ...string) *time.Location {
	for _, name := range names {
		if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
			return zone
		}
	}
	return time.UTC
}

// thereAt is an instant in a zone, and what the zone is called there.
func thereAt(at record.Instant, zone string) (time.Time, string) {
	t := time.UnixMilli(int64(at)).In(zoneOf(zone))
	name := t.Format("MST")
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") { // zones that have no letters
		name = "UTC" + name
	}
	return t, name
}

// when writes an instant as day and time in a zone, with the zone.
func (t teller) when(at record.Instant, zone string) string {
	there, name := thereAt(at, zone)
	return t.date(conference.Date(there.Format(time.DateOnly))) + ", " + there.Format("15:04 ") + name
}

// hour is the time of day at the body's seat.
func (t teller) hour(at record.Instant) string {
	there, _ := thereAt(at, t.s.Body.Zone)
	return there.Format("15:04")
}
