package storebench

import (
	"fmt"
	"testing"
)

// BenchmarkIntake is for profiles: go test -bench Intake -cpuprofile.
func BenchmarkIntake(b *testing.B) {
	for _, c := range callers {
		b.Run(fmt.Sprint(c.n), func(b *testing.B) { benchmarkIntake(b, c.n) })
	}
}

func benchmarkIntake(b *testing.B, callers int) {
	st, err := open(storePath(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	b.ResetTimer()
	m, err := recordInto(st, callers, b.N, 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(m.cpu.Nanoseconds()), "cpu-ns/sale")
}
