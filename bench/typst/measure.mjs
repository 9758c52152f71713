// Sets documents in typst as they are asked for, one JSON line each, in a compiler that stays warm.
//   node measure.mjs FONTS     FONTS is a folder of font files; no others are used for what they hold
import { createInterface } from 'node:readline'
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler'

const compiler = NodeCompiler.create({ workspace: process.cwd(), fontArgs: [{ fontPaths: [process.argv[2]] }] })
for await (const line of createInterface({ input: process.stdin })) {
  const { source, standard } = JSON.parse(line)
  const start = process.hrtime.bigint(), before = process.cpuUsage()
  const compiled = compiler.compile({ mainFileContent: source })
  if (compiled.hasError()) {
    console.log(JSON.stringify({ error: JSON.stringify(compiler.fetchDiagnostics(compiled.takeError())) }))
    continue
  }
  const document = compiled.result
  const bytes = compiler.pdf(document, standard ? { pdfStandard: standard, pdfTags: true, creationTimestamp: 1800000000 } : { creationTimestamp: 1800000000 })
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { user, system } = process.cpuUsage(before)
  compiler.evictCache(10)
  console.log(JSON.stringify({ seconds, processor: (user + system) / 1e6, pages: document.numOfPages, bytes: bytes.length }))
}
