package password

import (
	"crypto/md5" //nolint:gosec // verifies what htpasswd stored; never makes a new hash
	"crypto/subtle"
	"errors"
	"strings"
)

// An apr1Hash is htpasswd's $apr1$salt$hash: a thousand rounds of MD5, in the
// order that FreeBSD's crypt once chose.
type apr1Hash struct{ salt, encoded string }

const (
	apr1Prefix   = "$apr1$"
	apr1Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	apr1Len      = 22
)

func parseAPR1(text string) (*apr1Hash, error) {
	salt, encoded, ok := strings.Cut(strings.TrimPrefix(text, apr1Prefix), "$")
	if !ok || len(salt) < 1 || len(salt) > 8 || len(encoded) != apr1Len ||
		strings.Trim(salt+encoded, apr1Alphabet) != "" {
		return nil, errors.New("apr1: not of the form $apr1$salt$hash")
	}
	return &apr1Hash{salt, encoded}, nil
}

func (h *apr1Hash) matches(password string) bool {
	sum := apr1Start(password, h.salt)
	for round := range 1000 {
		sum = apr1Round(round, password, h.salt, sum)
	}
	return subtle.ConstantTimeCompare(apr1Encode(sum), []byte(h.encoded)) == 1
}

func apr1Start(password, salt string) [md5.Size]byte {
	mix := md5.Sum([]byte(password + salt + password))
	text := []byte(password + apr1Prefix + salt)
	for n := len(password); n > 0; n -= md5.Size {
		text = append(text, mix[:min(n, md5.Size)]...)
	}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			text = append(text, 0)
		} else {
			text = append(text, password[0])
		}
	}
	return md5.Sum(text)
}

func apr1Round(round int, password, salt string, sum [md5.Size]byte) [md5.Size]byte {
	odd := round&1 == 1
	var text []byte
	if odd {
		text = append(text, password...)
	} else {
		text = append(text, sum[:]...)
	}
	if round%3 != 0 {
		text = append(text, salt...)
	}
	if round%7 != 0 {
		text = append(text, password...)
	}
	if odd {
		text = append(text, sum[:]...)
	} else {
		text = append(text, password...)
	}
	return md5.Sum(text)
}

// apr1Encode writes the bytes in crypt's order, least significant six bits first.
func apr1Encode(sum [md5.Size]byte) []byte {
	out := make([]byte, 0, apr1Len)
	put := func(v uint32, n int) {
		for range n {
			out = append(out, apr1Alphabet[v&0x3f])
			v >>= 6
		}
	}
	for _, o := range [...][3]int{{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}} {
		put(uint32(sum[o[0]])<<16|uint32(sum[o[1]])<<8|uint32(sum[o[2]]), 4)
	}
	put(uint32(sum[11]), 2)
	return out
}
