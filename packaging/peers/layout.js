// Lays out ReceiptLine documents with the npm package receiptline. Reads an array
// of {doc, cpl, encoding} from standard input and writes one of {text, rows}:
// text as the package's text output gives it, and rows with the styles, cuts and
// codes that the text output leaves out.
//
// The encoding is one of the package's, which decides how wide a character is, or
// "graphemes": then a character is what a reader sees as one, by Unicode's rules
// as Node's ICU has them, with its East Asian width.
'use strict';
const { transform, commands } = require('receiptline');

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
const simple = /^[ -~\u00a1-\u00ac\u00ae-\u017f]*$/;
const graphemes = text => simple.test(text) ? text.split('') : Array.from(segmenter.segment(text), s => s.segment);
const wide = /^([\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Regional_Indicator}{2}|\p{Extended_Pictographic}\ufe0f)/u;
const widths = new Map();
const cells = grapheme => {
    if (!widths.has(grapheme)) {
        widths.set(grapheme, wide.test(grapheme) ? 2 : 1);
    }
    return widths.get(grapheme);
};

// The package's text commands, which also note what they print. It calls the
// functions on a copy of this object for each document.
const base = commands.text;
const recorder = encoding => ({
    ...base,
    ...(encoding === 'graphemes' && {
        arrayFrom: graphemes,
        measureText: text => simple.test(text) ? text.length : graphemes(text).reduce((sum, g) => sum + cells(g), 0),
    }),
    open(printer) {
        this.rows = printer.rows;
        this.runs = [];
        this.plain();
        return base.open.call(this, printer);
    },
    plain() {
        this.style = '';
        this.size = [1, 1];
    },
    normal() {
        this.plain();
        return base.normal.call(this);
    },
    ul() { this.style += 'u'; return ''; },
    em() { this.style += 'b'; return ''; },
    iv() { this.style += 'i'; return ''; },
    wh(wh) {
        this.size = [[2, 1], [1, 2]][wh - 1] || [wh - 1, wh - 1];
        return base.wh.call(this, wh);
    },
    run(column, text, style, size) {
        this.runs.push({ column, text, style, width: size[0], height: size[1] });
    },
    text(text, encoding) {
        this.run(this.left + this.position, text, this.style, this.size);
        return base.text.call(this, text, encoding);
    },
    vr(widths, height) {
        let x = this.left + this.position;
        this.run(x, '|', '', [1, height]);
        widths.forEach(w => this.run(x += w + 1, '|', '', [1, height]));
        return base.vr.call(this, widths, height);
    },
    rule(line) {
        const bare = line.replace(/^ +/, '');
        this.run(line.length - bare.length, bare, '', [1, 1]);
        return line;
    },
    hr(...a) { return this.rule(base.hr.apply(this, a)); },
    vrstart(...a) { return this.rule(base.vrstart.apply(this, a)); },
    vrstop(...a) { return this.rule(base.vrstop.apply(this, a)); },
    vrhr(...a) { return this.rule(base.vrhr.apply(this, a)); },
    lf() {
        this.rows.push({ kind: 'text', runs: this.runs.sort((a, b) => a.column - b.column) });
        this.runs = [];
        return base.lf.call(this);
    },
    area(left, width, right) {
        this.narrow = left + right > 0;
        this.table = right === 0 ? 2 : left === 0 ? 0 : 1;
        return base.area.call(this, left, width, right);
    },
    align(align) {
        this.aligned = align;
        return '';
    },
    code(symbol) {
        this.rows.push({ kind: 'code', align: this.aligned, narrow: this.narrow, table: this.table, code: symbol });
        return '';
    },
    qrcode(symbol) { return this.code(symbol); },
    barcode(symbol) { return this.code(symbol); },
    image() {
        this.rows.push({ kind: 'picture', align: this.aligned });
        return '';
    },
    cut() {
        this.rows.push({ kind: 'cut' });
        return '';
    },
});

const chunks = [];
process.stdin.on('data', chunk => chunks.push(chunk));
process.stdin.on('end', () => {
    const documents = JSON.parse(Buffer.concat(chunks).toString());
    const results = documents.map(({ doc, cpl, encoding }) => {
        const rows = [];
        transform(doc, { cpl, encoding, rows, command: recorder(encoding) });
        return { rows, text: transform(doc, { cpl, encoding, command: 'text' }) };
    });
    process.stdout.write(JSON.stringify(results));
});
