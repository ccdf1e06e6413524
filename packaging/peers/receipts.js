// Prints receipts with npm packages that POS programs print with. Reads an array
// of receipts from standard input, each an array of lines
//   {text, center, bold, big} | {cells: [quantity, name, price, amount]} | {left, right, big} | {rule: true}
// and writes {package: [base64 of each receipt]}: each package in its own way of
// making columns, for an Epson of 48 columns and code page 858.
'use strict';
const { transform } = require('receiptline');
const { ThermalPrinter, PrinterTypes, CharacterSet } = require('node-thermal-printer');
const encoderModule = require('@point-of-sale/receipt-printer-encoder');
const ReceiptPrinterEncoder = encoderModule.default ?? encoderModule;

const columns = 48, widths = [4, 22, 11, 11];

const escape = text => text.replace(/[\\|{}~_"`^]/g, '\\$&').replace(/^([-=])/, '\\$1');
function byReceiptline(lines) {
    const doc = lines.flatMap(l => {
        if (l.rule) return ['-'];
        if (l.cells) return [`{width:${widths.join(' ')}}`, `${escape(l.cells[0])} |${escape(l.cells[1])} | ${escape(l.cells[2])}| ${escape(l.cells[3])}`, '{width:auto}'];
        if (l.left !== undefined) return [`${l.big ? '"^^' : ''}${escape(l.left)} | ${l.big ? '"^^' : ''}${escape(l.right)}`];
        return [l.center ? escape(l.text) : `${escape(l.text)} |`];
    });
    return Buffer.from(transform([...doc, '='].join('\n'), { cpl: columns, encoding: 'cp858', command: 'escpos' }), 'binary');
}

const printer = new ThermalPrinter({
    type: PrinterTypes.EPSON, width: columns, characterSet: CharacterSet.PC858_EURO, removeSpecialCharacters: false, interface: 'tcp://127.0.0.1',
});
function byNodeThermalPrinter(lines) {
    printer.clear();
    for (const l of lines) {
        if (l.rule) {
            printer.drawLine();
        } else if (l.cells) {
            printer.tableCustom(l.cells.map((text, i) => ({ text, align: i > 1 ? 'RIGHT' : 'LEFT', cols: widths[i] })));
        } else if (l.left !== undefined) {
            printer.bold(!!l.big);
            if (l.big) printer.setTextDoubleHeight();
            printer.leftRight(l.left, l.right);
            printer.setTextNormal();
            printer.bold(false);
        } else {
            l.center ? printer.alignCenter() : printer.alignLeft();
            printer.bold(!!l.bold);
            printer.println(l.text);
            printer.bold(false);
            printer.alignLeft();
        }
    }
    printer.partialCut();
    return printer.getBuffer();
}

function byEncoder(lines) {
    const e = new ReceiptPrinterEncoder({ language: 'esc-pos', columns });
    e.initialize().codepage('cp858');
    for (const l of lines) {
        if (l.rule) {
            e.rule();
        } else if (l.cells) {
            e.table(l.cells.map((_, i) => ({ width: widths[i], align: i > 1 ? 'right' : 'left' })), [l.cells]);
        } else if (l.left !== undefined) {
            if (l.big) e.bold(true).height(2);
            const right = l.right.length;
            e.table([{ width: columns - right - 1, marginRight: 1, align: 'left' }, { width: right, align: 'right' }], [[l.left, l.right]]);
            if (l.big) e.height(1).bold(false);
        } else {
            e.align(l.center ? 'center' : 'left').bold(!!l.bold).line(l.text).bold(false).align('left');
        }
    }
    e.newline().newline().cut('partial');
    return Buffer.from(e.encode());
}

const chunks = [];
process.stdin.on('data', chunk => chunks.push(chunk));
process.stdin.on('end', () => {
    const receipts = JSON.parse(Buffer.concat(chunks).toString());
    const all = {};
    for (const [name, print] of [['receiptline', byReceiptline], ['node-thermal-printer', byNodeThermalPrinter], ['receipt-printer-encoder', byEncoder]]) {
        all[name] = receipts.map(r => print(r).toString('base64'));
    }
    process.stdout.write(JSON.stringify(all));
});
