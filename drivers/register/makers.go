package register

// The layouts of makers are written from the samples in their manuals: what the
// register prints as its journal is what its serial port prints, too. Dates are
// as in the manual, where the installer of the register chooses their order.

// casioTK is the journal of Casio's registers with two lines of head (TK-6000,
// TK-7000, TK-7500, SE-S and PCR-T).
//
// Sources: Casio, TK-7000/7500 User's Manual: "How to read the printouts",
// p. 28; "Multiplication" and "Split sales of packaged items", p. 33;
// "Registering discounts", p. 40. Casio, PCR-T2300/T2400/SE-S3000 User's Manual,
// "Correcting items immediately after the registration", p. E-41. Casio,
// TK-810 Operator's Instruction Manual, cancel and no sale, p. 46. Casio,
// SE-S2000 and TK-1550 User's Manuals, "Printing the daily sales reset report",
// p. 45 and 47: reports DEPT, FIX and TRANS in turn; FIX has gross, net, the
// number of customers, and ends with the grand total, so that what was paid by
// which means, in TRANS, is not compared.
func casioTK() Settings {
	return Settings{
		Date: "DD-MM-YYYY",
		Lines: []string{
			"open: {_:REG|X|Z} {date} {time}",
			"unread: RF {date} {time}",
			"open: C{clerk} MC#{pos}[ {receipt}]",
			"note: {_} No",
			"times: {quantity} @{_}/ {price}",
			"subtotal: ST {amount}",
			"note: {_}%",
			"discount %-: %-[ T{_}] {amount}",
			"discount %+: %+[ T{_}] {amount}",
			"discount -: -[ T{_}] {amount}",
			"note: TA{_} {amount}",
			"tax: {name:TX1|TX2|TX3|TX4} {amount}",
			"due: TL {amount}",
			"payment: {name:CASH|CHARGE|CHECK|CR1|CR2|CR3|CR4|CREDIT|CREDIT1|CREDIT2} {amount}",
			"change: CG {amount}",
			"correct: CORR {amount}",
			"cancel: CANCEL •{_}",
			"open: {count} {receipt}",
			"day: Z FIX {z}",
			"read: {_:X|Z} DAILY {_:X|Z}",
			"read: {_:X|Z} {_} {z}",
			"gross: GROSS {quantity}",
			"net: NET No {count}",
			"done: GT {amount}",
			"figure: {amount}",
			"item: {quantity} {name}[ T{_}][ F] {amount}",
			"item: {name}[ T{_}][ F] {amount}",
			"note: [{name} ]{count}",
		},
	}
}

// casioTE is the journal of Casio's registers that print date and time above
// the mode (TK-800, TK-810, TE-100, PCR-360).
//
// Sources: Casio, TK-800 Operator's Instruction Manual, "Registering department
// keys", p. 29; TK-810 Operator's Instruction Manual, cancel and no sale, p. 46,
// and the daily sales report with its means of payment, p. 94; TE-100 and
// PCR-360 User's Manuals, "Printing the daily sales reset report", p. 41 and 45.
func casioTE() Settings {
	return Settings{
		Date: "DD-MM-YYYY",
		Lines: []string{
			"open: {date} {time}[ {pos}]",
			"open: {_:REG|Z|X}[ C{clerk}] {receipt}",
			"unread: RF[ C{clerk}] {receipt}",
			"day: {_} DAILY Z {z}",
			"read: {_} DAILY X[ {z}]",
			"gross: {_:GROSS|GRS} QT {count}",
			"net: NET No {count}",
			"tender: {name:CA|CH|CHK|CR|CASH|CHARGE|CHECK|CREDIT} No {count}",
			"done: GT {amount}",
			"figure: {amount}",
			"note: {name} {_:QT|No} {count}",
			"note: {_}%[ {amount}]",
			"subtotal: ST {amount}",
			"discount %-: %- {amount}",
			"discount %+: %+ {amount}",
			"discount -: - {amount}",
			"note: TA{_} {amount}",
			"tax: {name:TX1|TX2|TX3|TX4} {amount}",
			"due: TL {amount}",
			"payment: {name:CA|CH|CHK|CR|CASH|CHARGE|CHECK|CREDIT} {amount}",
			"change: CG {amount}",
			"correct: CORR {amount}",
			"cancel: CANCEL •{_}",
			"item: {name} {amount}",
			"note: {count}---{_}",
		},
	}
}

// sam4sER is the journal of Sam4s (Samsung, CRS) registers of the ER series.
//
// Sources: Sam4s, ER-650 Operation and Program Manual, "Voids and Corrections",
// p. 48, and "Split Tender", p. 57; ER-390M Operation and Program Manual,
// "Tendering a Cash Sale", p. 47, "Split Tender", p. 51, and sample financial
// report, p. 169 and 170; ER-285M Operator's and Program Manual, Z1 and Z2,
// p. 36, and "Totaling and Tendering", p. 84; SPS-2000 Operator Manual, the head
// "X1 REPORT 0003", p. 117; ER-230EJ Manual, the head "X 1 REPORT 00001", p. 157.
func sam4sER() Settings {
	return Settings{
		Date: "MM/DD/YYYY",
		Lines: []string{
			"open: [DATE ]{date} {_} [TIME ]{time}",
			"end: CLERK {clerk} No.{receipt} {pos}",
			"day: Z[ ]1 REPORT {z}",
			"read: {_:X1|X2|Z2} REPORT {z}",
			"read: {_:X|Z} {_} REPORT {z}",
			"times: {quantity}X {price}",
			"tax: {name:TAX1|TAX2|TAX3|TAX4}[ AMT] {amount}",
			"due: TOTAL {amount}",
			"payment: {name:CASH|CHECK|CHEQUE|CHARGE1|CHARGE2|CHARGE3|CHARGE4|CHARGE5|CHARGE6|CHARGE7|CHARGE8} {amount}",
			"change: CHANGE {amount}",
			"gross: GROSS SALES {amount}",
			"net: NET SALE[S] {count}",
			"tender: {name:CASH|CHECK|CHEQUE} SALES {count}",
			"figure: {amount}",
			"discount: {name:ITEM DISC.|SALE DISC.|SALE SURCH.|%1|%2|%3|%4|%5} {amount}",
			"item: {name}[ T{_}] {amount}",
			"note: {name} {count}",
		},
	}
}

// royal110CX is the journal of the Royal 110CX (ABC Office, Olivetti), whose
// lines end with the symbol of what they are.
//
// Source: ABC Office (Royal) 110CX User Manual: "Sample receipt", "Transaction
// symbols", "Standard transactions" and "Using split tendering", p. 29 to 31 (one
// less in some printings); "Refunds" with a quantity, p. 34; "Other
// transactions", p. 36; "Sample management report",
// p. 38. The raised point is read as a point. The time is not read: the mark
// before it that stands for PM is a point, too. Numbers begin anew after a Z.
func royal110CX() Settings {
	return Settings{
		Date: "MM.DD.YY",
		Lines: []string{
			"open: {date}",
			"note: {_} #",
			"note: {_} {_:RA|PO|NS|#CA|#CK|--|RF}",
			"times: {quantity}.X",
			"times: {price}[ ]@",
			"day: {z} Z",
			"read: [{z} ]X",
			"gross: {amount} #ST",
			"subtotal: {amount} ST",
			"payment CA: {amount} AT",
			"payment: {amount}[ ]{name:CA|CK|CH}",
			"change: {amount} CG",
			"discount -: {amount} -",
			"discount -%: {amount} [-]%[-]",
			"correct: {amount} VD",
			"tax TX: {amount}[ ]TX",
			"end: {_}-{_} {receipt}",
			"item DEPT: {plu} {amount}[ ][TX]",
			"note: {count}",
			"figure: {amount}",
		},
	}
}
