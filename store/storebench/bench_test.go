package storebench

import "testing"

// BenchmarkIntake is for profiles: go test -bench Intake -cpuprofile.
func BenchmarkIntake(b *testing.B) {
	st, err := open(storePath(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	b.ResetTimer()
	m, err := recordInto(st, 64, b.N, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(m.cpu.Nanoseconds()), "cpu-ns/sale")
}
