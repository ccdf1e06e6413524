// Frames streams of printer bytes with the npm package npos. Reads an array of
// {name, data: base64} from standard input and writes one of
// {error} or {nodes: [{offset, length, name}]}.
'use strict';
const { Parser, rules, symbols } = require('npos');

// What npos does not know of Epson's ESC/POS Command Reference and of the makers
// named, and how it goes on: bytes, or a length of 16 bits. Without these rules
// npos takes such a command for an error.
const added = [
    ['GS', '(k', [0, 'd16']], //   two-dimensional codes: GS ( k pL pH …
    ['FS', '(C', [0, 'd16']], //   character encoding, such as UTF-8: FS ( C pL pH …
    ['ESC', '(A', [0, 'd16']], //  buzzer, Epson: ESC ( A pL pH …
    ['ESC', '\x1d\x07', [3]], //   buzzer, Star: ESC GS BEL m t1 t2
    [6, '', [0]], //               ACK asks for the next part of an answer
];
for (const [prefix, fn, rule] of added) {
    const group = rules[symbols[prefix] ?? prefix] ??= {};
    if (fn in group) {
        throw new Error(`npos knows ${prefix} ${fn}: take the rule away`);
    }
    group[fn] = rule;
}
const parser = new Parser(rules);

const chunks = [];
process.stdin.on('data', chunk => chunks.push(chunk));
process.stdin.on('end', () => {
    const results = JSON.parse(Buffer.concat(chunks).toString()).map(({ data }) => {
        const { error, tree } = parser.analyze(Buffer.from(data, 'base64'));
        if (error) {
            return { error: error.message };
        }
        return {
            nodes: tree.map(({ offset, length, ascii, fn }) => ({ offset, length, name: `${ascii} ${fn}` })),
        };
    });
    process.stdout.write(JSON.stringify(results));
});
