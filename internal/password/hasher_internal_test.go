package password

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// foreign holds hashes of the password "secret", made by other programs:
// openssl passwd -apr1, glibc-compatible crypt, Python's hashlib.
var foreign = map[string]string{
	"apr1":          "$apr1$8sFt66rZ$eup.HOtZcQ/VrnApBM3rR/",
	"bcrypt 2b":     "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
	"bcrypt 2y":     "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
	"bcrypt 2a":     "$2a$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
	"SHA":           "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
	"SSHA":          "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
	"SSHA256":       "{SSHA256}oBmrdHcA6OZEkkCLeXh71YAerbvhXz1qqwjrPsXmEtNzYWx0c2FsdA==",
	"SHA512":        "{SHA512}vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cmW192CF5bDufKRpayrW/isg==",
	"pbkdf2-sha256": "$pbkdf2-sha256$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$MNNTwnCaMAYmrmE7v5+nTtN5kMiuSDOXHq5jqsVOVS8",
	"with length":   "$pbkdf2-sha256$i=2000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$MNNTwnCaMAYmrmE7v5+nTtN5kMiuSDOXHq5jqsVOVS8",
	"passlib":       "$pbkdf2-sha256$2000$MDEyMzQ1Njc4OWFiY2RlZg$MNNTwnCaMAYmrmE7v5.nTtN5kMiuSDOXHq5jqsVOVS8",
	"pbkdf2-sha512": "$pbkdf2-sha512$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$7oxRi4wixeRecWQtK3sLhV84CI8SXwhQS281PMotkedMo/xwY1AG+pgROsJxhvuuawfkZZsUtYGtZgRiGXon+g",
	"Django":        "pbkdf2_sha256$1500$saltsaltsalt$hBw7uWZv3ujOpof0y5/3aUb82xKhJpgqg6QnmzForXE=",
}

// cheap is the least that new hashes may cost; the tests make many.
func cheap() Params { return Params{Memory: minMemory, Time: 5, Threads: 1} }

func testHasher(t testing.TB) *Hasher {
	t.Helper()
	h, err := NewHasher(cheap(), NewGate(2, MaxQueue))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHashVerify(t *testing.T) {
	t.Parallel()
	h, ctx := testHasher(t), t.Context()
	long := strings.Repeat("0123456789", 8) // 80 bytes
	for _, password := range []string{"correct horse battery staple", " leading and trailing ", "żółć 🐎🔋", long, strings.Repeat("x", MaxBytes)} {
		hash, err := h.Hash(ctx, password)
		if err != nil {
			t.Fatalf("Hash of %d bytes: %v", len(password), err)
		}
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=7168,t=5,p=1$") || h.NeedsUpgrade(hash) || CheckHash(hash) != nil {
			t.Errorf("Hash = %s", hash)
		}
		for other, want := range map[string]bool{
			password:                            true,
			password + "x":                      false,
			password[:len(password)-1]:          false,
			strings.TrimSpace(password) + "\n":  false,
			strings.ToUpper(password) + "\x00":  false,
			password[:min(72, len(password)-1)]: false, // BA-11
		} {
			if got, err := h.Verify(ctx, hash, other); got != want || err != nil {
				t.Errorf("Verify of %d bytes against the hash of %d = %v, %v", len(other), len(password), got, err)
			}
		}
	}
}

func TestHashRefuses(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	if hash, err := h.Hash(t.Context(), strings.Repeat("x", MaxBytes+1)); !errors.Is(err, ErrTooLong) || hash != "" {
		t.Errorf("too long: %q, %v", hash, err)
	}
	if hash, err := h.Hash(t.Context(), ""); err == nil || hash != "" {
		t.Errorf("empty: %q, %v", hash, err)
	}
	h.random = iotest.ErrReader(errors.New("no entropy"))
	if hash, err := h.Hash(t.Context(), "correct horse battery"); err == nil || hash != "" {
		t.Errorf("without randomness: %q, %v", hash, err)
	}
	for _, p := range []Params{{}, {19456, 1, 1}, {1024, 100, 1}, {1 << 20, 2, 1}, {19456, 2, 0}, {19456, 2, 17}, {19456, 1000, 1}} {
		if _, err := NewHasher(p, NewGate(1, 1)); err == nil {
			t.Errorf("NewHasher(%+v) succeeded", p)
		}
	}
	if err := DefaultParams().validate(); err != nil {
		t.Error(err)
	}
}

func TestForeignHashes(t *testing.T) {
	t.Parallel()
	h, ctx := testHasher(t), t.Context()
	for name, hash := range foreign {
		if err := CheckHash(hash); err != nil {
			t.Errorf("%s: CheckHash: %v", name, err)
		}
		if !h.NeedsUpgrade(hash) {
			t.Errorf("%s: needs no upgrade", name)
		}
		for password, want := range map[string]bool{"secret": true, "Secret": false, "secret ": false, "secre": false, "secret\x00": false, "": false} {
			if got, err := h.Verify(ctx, hash, password); got != want || err != nil {
				t.Errorf("%s: Verify(%q) = %v, %v", name, password, got, err)
			}
		}
	}
	// Vectors of the argon2 reference implementation and of openssl, with other
	// lengths than the above.
	for _, tt := range []struct{ hash, password string }{
		{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
		{"$apr1$xx$LkAAvIeX6gjSxNkNiLlB90", "a longer password, more than sixteen bytes é"},
	} {
		if got, err := h.Verify(ctx, tt.hash, tt.password); !got || err != nil {
			t.Errorf("Verify(%s) = %v, %v", tt.hash, got, err)
		}
	}
}

// BA-11: bcrypt sees 72 bytes. A longer password must not pass on its beginning.
func TestBcryptIsNotCut(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	// Made with crypt(3) from 72 times "x".
	const hash = "$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q"
	for password, want := range map[string]bool{
		strings.Repeat("x", 72):          true,
		strings.Repeat("x", 80):          false,
		strings.Repeat("x", 71):          false,
		strings.Repeat("x", 72) + "\x00": false,
	} {
		if got, err := h.Verify(t.Context(), hash, password); got != want || err != nil {
			t.Errorf("%d bytes: %v, %v; want %v", len(password), got, err, want)
		}
	}
}

// IM-04: what an import may not bring in.
func TestCheckHashRefuses(t *testing.T) {
	t.Parallel()
	key := "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	for name, hash := range map[string]string{
		"empty":               "",
		"plain text":          "secret",
		"md5":                 "5ebe2294ecd0e0f08eab7690d2a6ee69",
		"unknown prefix":      "$7$abc",
		"crypt sha512":        "$6$salt$hash",
		"bcrypt cost 31":      strings.Replace(foreign["bcrypt 2a"], "$05$", "$31$", 1),
		"bcrypt cost 15":      strings.Replace(foreign["bcrypt 2a"], "$05$", "$15$", 1),
		"bcrypt 2x":           strings.Replace(foreign["bcrypt 2a"], "$2a$", "$2x$", 1),
		"bcrypt, cut":         foreign["bcrypt 2a"][:59],
		"argon2 of 4 GiB":     "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$" + key,
		"argon2 of 129 MiB":   "$argon2id$v=19$m=132096,t=1,p=1$c29tZXNhbHQ$" + key,
		"argon2, many passes": "$argon2id$v=19$m=65536,t=9,p=1$c29tZXNhbHQ$" + key,
		"argon2, overflow":    "$argon2id$v=19$m=4294967296,t=2,p=1$c29tZXNhbHQ$" + key,
		"argon2, p=257":       "$argon2id$v=19$m=65536,t=2,p=257$c29tZXNhbHQ$" + key,
		"argon2, no passes":   "$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$" + key,
		"argon2, 8 KiB":       "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + key,
		"argon2 v16":          "$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$" + key,
		"argon2i":             "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + key,
		"argon2, short salt":  "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$" + key,
		"argon2, short key":   "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$a2V5",
		"argon2, other order": "$argon2id$v=19$t=2,m=65536,p=1$c29tZXNhbHQ$" + key,
		"argon2, more fields": "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + key + "$",
		"argon2, sign":        "$argon2id$v=19$m=+65536,t=2,p=1$c29tZXNhbHQ$" + key,
		"argon2, line break":  "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + key + "\n",
		"pbkdf2 of 1":         "$pbkdf2-sha256$i=1$MDEyMzQ1Njc4OWFiY2RlZg$" + key,
		"pbkdf2 of a billion": "$pbkdf2-sha256$i=1000000000$MDEyMzQ1Njc4OWFiY2RlZg$" + key,
		"pbkdf2 with sha1":    "$pbkdf2-sha1$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$" + key,
		"pbkdf2, long key":    "$pbkdf2-sha256$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$" + key + key,
		"Django, no salt":     "pbkdf2_sha256$1500$$" + key,
		"Django md5":          "md5$salt$hash",
		"SHA of nothing":      "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
		"apr1 of nothing":     "$apr1$a$lsAcX0kKaMIVmrCtUuk5b0",
		"SHA with a salt":     strings.Replace(foreign["SSHA"], "SSHA", "SHA", 1),
		"SSHA without salt":   strings.Replace(foreign["SHA"], "SHA", "SSHA", 1),
		"MD5 in braces":       "{MD5}5ebe2294ecd0e0f08eab7690d2a6ee69",
		"plain in braces":     "{PLAIN}secret",
		"apr1, long salt":     "$apr1$123456789$eup.HOtZcQ/VrnApBM3rR/",
		"apr1, other letters": "$apr1$8sFt66rZ$eup.HOtZcQ/VrnApBM3rR!",
		"very long":           "{SHA}" + strings.Repeat("A", 10_000),
	} {
		err := CheckHash(hash)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if len(hash) > 24 && strings.Contains(err.Error(), hash[12:24]) {
			t.Errorf("%s: the error quotes the hash: %v", name, err)
		}
	}
}

func TestNeedsUpgrade(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	key := "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	for hash, want := range map[string]bool{
		"$argon2id$v=19$m=7168,t=5,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + key:  false,
		"$argon2id$v=19$m=19456,t=5,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + key: false,
		"$argon2id$v=19$m=7167,t=5,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + key:  true,
		"$argon2id$v=19$m=7168,t=4,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + key:  true,
		"$argon2id$v=19$m=7168,t=5,p=1$MDEyMzQ1Njc4$" + key:            true,
		"garbage": true,
	} {
		if got := h.NeedsUpgrade(hash); got != want {
			t.Errorf("NeedsUpgrade(%s) = %v", hash, got)
		}
	}
}

// BA-10: a password of a megabyte is wrong without coming to the gate, which
// lets nobody in whose request has ended; an empty one likewise.
func TestOverlongPasswordCostsNothing(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Verify(ctx, foreign["SHA"], "wrong"); !errors.Is(err, context.Canceled) {
		t.Fatalf("a password that must be checked: %v", err)
	}
	for _, password := range []string{"", strings.Repeat("x", MaxBytes+1), strings.Repeat("x", 1<<20)} {
		for name, hash := range foreign {
			if got, err := h.Verify(ctx, hash, password); got || err != nil {
				t.Errorf("%s, %d bytes: %v, %v", name, len(password), got, err)
			}
		}
		if err := h.VerifyUnknown(ctx, password); err != nil {
			t.Errorf("unknown user, %d bytes: %v", len(password), err)
		}
	}
}

// TI-01, TI-02: whoever is asked for, a wrong password costs one hash of the
// current parameters. Work is told by the memory that argon2id takes, which,
// unlike time, is the same in each run.
func TestUnknownUsersCostTheSame(t *testing.T) {
	h, err := NewHasher(DefaultParams(), NewGate(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	known, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	const one = 19456 << 10
	for name, work := range map[string]func() error{
		"known user":    func() error { return wrong(h, known) },
		"unknown user":  func() error { return h.VerifyUnknown(t.Context(), "wrong") },
		"no password":   func() error { return wrong(h, "") },
		"damaged hash":  func() error { return wrong(h, "damaged") },
		"old SHA":       func() error { return wrong(h, foreign["SSHA"]) },
		"old htpasswd":  func() error { return wrong(h, foreign["apr1"]) },
		"empty, not it": func() error { _, err := h.Verify(t.Context(), known, "x"); return err },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := work()
		runtime.ReadMemStats(&after)
		if name == "damaged hash" != errors.Is(err, ErrUnknownHash) || name != "damaged hash" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got < one || got > one+one/10 {
			t.Errorf("%s: %d KiB of work, want about %d", name, got>>10, one>>10)
		}
	}
}

func wrong(h *Hasher, hash string) error {
	good, err := h.Verify(context.Background(), hash, "wrong")
	if good {
		return errors.New("a wrong password was right")
	}
	return err
}

// Waiters are answered, the queue is bounded, and nobody is told yes by mistake.
func TestVerifyUnderLoad(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(cheap(), NewGate(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	hash, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	release := shut(t, h.gate)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			password, want := "correct horse battery staple", true
			if i%2 == 1 {
				password, want = "wrong", false
			}
			if got, err := h.Verify(t.Context(), hash, password); got != want || err != nil {
				t.Errorf("waiter %d: %v, %v", i, got, err)
			}
		})
	}
	for h.gate.Waiting() < 4 {
		runtime.Gosched()
	}
	if got, err := h.Verify(t.Context(), hash, "correct horse battery staple"); got || !errors.Is(err, ErrBusy) {
		t.Errorf("fifth in the queue: %v, %v", got, err)
	}
	if _, err := h.Hash(t.Context(), "correct horse battery staple"); !errors.Is(err, ErrBusy) {
		t.Errorf("Hash with a full queue: %v", err)
	}
	if _, err := h.Verify(t.Context(), "damaged", "x"); !errors.Is(err, ErrBusy) || errors.Is(err, ErrUnknownHash) {
		t.Errorf("damaged hash with a full queue: %v", err)
	}
	release()
	wg.Wait()
}

func BenchmarkVerify(b *testing.B) {
	h, err := NewHasher(DefaultParams(), NewGate(1, 1))
	if err != nil {
		b.Fatal(err)
	}
	hash, err := h.Hash(b.Context(), "correct horse battery staple")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if good, err := h.Verify(b.Context(), hash, "correct horse battery staple"); !good || err != nil {
			b.Fatal(good, err)
		}
	}
}
