package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes. It is written as a number, or with one of the
// units KiB, MiB and GiB.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	digits, unit := string(text), int64(1)
	for i, suffix := range []string{"KiB", "MiB", "GiB"} {
		if d, ok := strings.CutSuffix(digits, suffix); ok {
			digits, unit = strings.TrimSuffix(d, " "), 1<<(10*(i+1))
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/unit {
		return fmt.Errorf("%q is not a size such as 65536, 64KiB or 10MiB", text)
	}
	*s = Size(int64(n) * unit)
	return nil
}

// MarshalText writes the size with the largest unit that divides it.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the size as [Size.MarshalText] does.
func (s Size) String() string {
	for i, suffix := range []string{"GiB", "MiB", "KiB"} {
		if unit := Size(1) << (10 * (3 - i)); s >= unit && s%unit == 0 {
			return strconv.FormatInt(int64(s/unit), 10) + suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
