// Prints the receipt of agent/spool/ticket/testdata/receipt.json, which is read from
// standard input, with the npm packages receiptline and node-thermal-printer, each
// as its README has it for an Epson of 48 columns and code page 858. Writes
// {name: {perSecond, bytes}}.
'use strict';
const { transform } = require('receiptline');
const { ThermalPrinter, PrinterTypes, CharacterSet } = require('node-thermal-printer');

const warmUp = 1500, measured = 3000; // milliseconds

// byReceiptline writes the content as markup and transforms it.
const escape = text => text.replace(/[\\|{}~_"`^]/g, '\\$&');
function byReceiptline(r) {
    const pair = ([left, right]) => `${escape(left)} | ${escape(right)}`;
    const sum = s => pair([s.word, s.amount]);
    const doc = [
        `"^^^${escape(r.header[0])}`,
        ...r.header.slice(1).map(escape),
        ...r.fields.map(pair),
        '-',
        ...r.items.flatMap(item => [
            '{width:3 * 10}',
            `${item.quantity} |${escape(item.name)} | ${escape(item.price)}`,
            ...[...item.modifiers.map(m => `+ ${m}`), ...(item.note ? [`* ${item.note}`] : [])].map(s => `||${escape(s)} |`),
        ]),
        '{width:auto}',
        '-',
        ...r.sums.map(sum),
        `"^^${escape(r.total.word)} | "^^${escape(r.total.amount)}`,
        ...r.payment.map(sum),
        ...r.closing.map(escape),
        `{code:${r.qr.replace(/[\\|{};]/g, '\\$&')}; option:qrcode,4,m}`,
        '=',
    ].join('\n');
    return Buffer.from(transform(doc, { cpl: 48, encoding: 'cp858', command: 'escpos' }), 'binary');
}

const printer = new ThermalPrinter({
    type: PrinterTypes.EPSON, width: 48, characterSet: CharacterSet.PC858_EURO, removeSpecialCharacters: false, interface: 'tcp://127.0.0.1',
});
function byNodeThermalPrinter(r) {
    printer.clear();
    printer.alignCenter();
    printer.bold(true);
    printer.setTextQuadArea();
    printer.println(r.header[0]);
    printer.setTextNormal();
    printer.bold(false);
    r.header.slice(1).forEach(line => printer.println(line));
    printer.alignLeft();
    r.fields.forEach(([left, right]) => printer.leftRight(left, right));
    printer.drawLine();
    r.items.forEach(item => {
        printer.tableCustom([
            { text: String(item.quantity), align: 'LEFT', cols: 3 },
            { text: item.name, align: 'LEFT', cols: 35 },
            { text: item.price, align: 'RIGHT', cols: 10 },
        ]);
        item.modifiers.forEach(modifier => printer.println(`    + ${modifier}`));
        if (item.note) {
            printer.println(`    * ${item.note}`);
        }
    });
    printer.drawLine();
    r.sums.forEach(s => printer.leftRight(s.word, s.amount));
    printer.bold(true);
    printer.setTextDoubleHeight();
    printer.leftRight(r.total.word, r.total.amount);
    printer.setTextNormal();
    printer.bold(false);
    r.payment.forEach(s => printer.leftRight(s.word, s.amount));
    printer.alignCenter();
    r.closing.forEach(line => printer.println(line));
    printer.printQR(r.qr, { cellSize: 4, correction: 'M', model: 2 });
    printer.partialCut();
    return printer.getBuffer();
}

function measure(print, receipt) {
    const run = milliseconds => {
        const start = process.hrtime.bigint();
        let count = 0, spent = 0;
        for (; spent < milliseconds; spent = Number(process.hrtime.bigint() - start) / 1e6) {
            for (let i = 0; i < 10; i++) {
                print(receipt);
            }
            count += 10;
        }
        return count / spent * 1000;
    };
    run(warmUp);
    return { perSecond: run(measured), bytes: print(receipt).length };
}

const chunks = [];
process.stdin.on('data', chunk => chunks.push(chunk));
process.stdin.on('end', () => {
    const receipt = JSON.parse(Buffer.concat(chunks).toString());
    process.stdout.write(JSON.stringify({
        'receiptline': measure(byReceiptline, receipt),
        'node-thermal-printer': measure(byNodeThermalPrinter, receipt),
    }));
});
