// Reads the AsyncAPI documents that it is given with the AsyncAPI initiative's
// own parser. Writes for each {diagnostics: [{severity, path, message}], channels,
// messages}: what that finds wrong, and the addresses and names it understood.
'use strict';
const { Parser, fromFile } = require('@asyncapi/parser');

const severities = ['error', 'warning', 'information', 'hint'];

const parser = new Parser();

async function read(path) {
    const { document, diagnostics } = await fromFile(parser, path).parse();
    return {
        diagnostics: diagnostics.map(d => ({
            severity: severities[d.severity], path: d.path.join('/'), message: d.message,
        })),
        channels: document ? document.allChannels().all().map(c => c.address()) : [],
        messages: document ? document.allMessages().all().map(m => m.name()) : [],
    };
}

async function main(paths) {
    const all = [];
    for (const path of paths) {
        all.push(await read(path));
    }
    process.stdout.write(JSON.stringify(all));
}

main(process.argv.slice(2));
