// Writes this folder's workbooks of JavaScript's libraries from ticks as JSON, [[seconds, kind, price, size], …]:
//   npm install exceljs@4.4.0 xlsx@0.18.5
//   python -c 'import json; from tests.writers.made_ticks import made_ticks; print(json.dumps(made_ticks(600).plain()))' > ticks.json
//   TZ=UTC node make.mjs ticks.json
import { readFileSync } from "node:fs";
import Excel from "exceljs";
import XLSX from "xlsx";

const ticks = JSON.parse(readFileSync(process.argv[2]));
const titles = [["FAB UH Equity"], ["Ask,Trade,Bid"], ["Dates", "Type", "Price", "Size"]];
const rows = [...titles, ...ticks.map(([seconds, ...rest]) => [new Date(seconds * 1000), ...rest])];

const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet(rows), "FAB UH Equity");
XLSX.writeFile(book, "sheetjs.xlsx", { compression: true });

const whole = new Excel.Workbook();
whole.addWorksheet("FAB UH Equity").addRows(rows);
whole.worksheets[0].getColumn(1).numFmt = "yyyy-mm-dd hh:mm:ss";
await whole.xlsx.writeFile("exceljs.xlsx");

const streamed = new Excel.stream.xlsx.WorkbookWriter({ filename: "exceljs_stream.xlsx", useStyles: true });
const page = streamed.addWorksheet("FAB UH Equity");
for (const row of rows) page.addRow(row).commit();
page.commit();
await streamed.commit();
