package register

// Profiles returns the settings of the layouts that are shipped, by name:
// first ours, for registers whose journal can be laid out freely, then those of
// makers, from their manuals. docs/devices/register.md shows a sample of each.
func Profiles() map[string]Settings {
	kinds := func() map[string]string {
		return map[string]string{"I": Item, "P": Payment, "T": Total, "V": Void, "Z": Day}
	}
	return map[string]Settings{
		// Fixed columns, one record a line:
		//
		//	I 000123 2026-03-14 13:05:22 000101 LOMO SALTADO              1.000       38.00
		"journal-columns": {
			Format: "kind:1 receipt:3-8 date:10-19 time:21-28 plu:30-35 name:37-60 quantity:62-68 amount:70-80",
			Kinds:  kinds(),
		},
		// The same fields between semicolons, with the decimal comma:
		//
		//	I;000123;14/03/2026;13:05;101;LOMO SALTADO;1,000;38,00
		"journal-semicolons": {
			Format: `(?P<kind>[IPTVZ]);(?P<receipt>[^;]+);(?P<date>[^;]*);(?P<time>[^;]*);` +
				`(?P<plu>[^;]*);(?P<name>[^;]*);(?P<quantity>[^;]*);(?P<amount>[^;]*)`,
			Kinds:   kinds(),
			Date:    "DD/MM/YYYY",
			Decimal: ",",
		},
		// A whole sale a line: receipt, date, time, amount, tip, means of
		// payment.
		//
		//	000123;14/03/2026;13:05;58,00;5,00;TARJETA
		"sales-semicolons": {
			Format: `(?P<receipt>[^;]+);(?P<date>[^;]*);(?P<time>[^;]*);` +
				`(?P<amount>[^;]+);(?P<tip>[^;]*);(?P<payment>[^;]*)`,
			Date:    "DD/MM/YYYY",
			Decimal: ",",
		},
		"casio-tk":    casioTK(),
		"casio-te":    casioTE(),
		"sam4s-er":    sam4sER(),
		"royal-110cx": royal110CX(),
	}
}
