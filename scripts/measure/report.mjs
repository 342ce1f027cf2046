const number = (value, digits = 2) =>
  value === undefined || value === null || Number.isNaN(value) ? "" : Number(value).toFixed(digits);

function table(heads, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const escaped = (cell) => String(cell).replaceAll("|", "\\|").replaceAll("\n", " ");
  return [line(heads), line(heads.map(() => "---")), ...rows.map((row) => line(row.map(escaped)))].join("\n");
}

const absent = (part) =>
  part === undefined || part.skipped === String(part.skipped) || part.failed !== undefined;
const why = (part) => (part === undefined ? "not run" : (part.failed ?? part.skipped));

/** Everything that is wrong, not merely slow or absent. */
export function failures(report) {
  return report.devices.flatMap(({ id, contract, kernels, microbench, products, operations, data }) => [
    ...(contract?.no ?? []).map(({ behaviour, reason }) => `${id}: ${behaviour}: ${reason}`),
    ...(kernels?.wrong ?? []).map((wrong) => `${id}: ${wrong}`),
    ...(operations?.rows ?? [])
      .filter(({ wrong }) => wrong)
      .map(
        ({ operation, difference }) => `${id}: ${operation} differs from the processor's by ${difference}`,
      ),
    ...(data?.rows ?? [])
      .filter(({ wrong }) => wrong)
      .map(({ query }) => `${id}: ${query} gives a wrong result`),
    ...[contract, kernels, microbench, products, operations, data].flatMap((part) =>
      part?.failed ? [`${id}: ${part.failed}`] : [],
    ),
  ]);
}

export function markdown(report) {
  const { machine, devices, problems, python } = report;
  const lines = [`# Measured on ${devices.map(({ name }) => name).join(", ") || "no device"}`, ""];
  lines.push(
    `${report.started}, ${report.seconds} s. AikoRyu ${machine.aikoryu}, Node ${machine.node}, ${machine.system}, ` +
      `${machine.processor} (${machine.threads} threads).`,
  );
  for (const card of machine.nvidia) lines.push("", `nvidia-smi: ${card}`);
  for (const { backend, reason } of problems) lines.push("", `Not usable: ${backend}: ${reason}`);
  if (python !== undefined) lines.push("", peerLine(python));
  const found = failures(report);
  lines.push(
    "",
    found.length === 0 ? "Nothing failed." : `**Failed:**\n\n${found.map((text) => `- ${text}`).join("\n")}`,
  );
  for (const device of devices) lines.push("", ...deviceLines(device, python));
  for (const [family, bench] of Object.entries(report.bench ?? {}))
    lines.push("", ...benchLines(family, bench));
  lines.push("");
  return lines.join("\n");
}

function peerLine(python) {
  if (absent(python)) return `No peer on the GPU: ${why(python)}.`;
  const rates = [];
  if (python.copyBytesPerSecond) rates.push(`copy ${number(python.copyBytesPerSecond / 1e9, 0)} GB/s`);
  if (python.pinnedUploadGBps)
    rates.push(`upload from pinned memory ${number(python.pinnedUploadGBps, 1)} GB/s`);
  if (python.pinnedDownloadGBps) rates.push(`download ${number(python.pinnedDownloadGBps, 1)} GB/s`);
  return `Peer: ${python.name} ${python.version}${rates.length > 0 ? `: ${rates.join(", ")}` : ""}.`;
}

function deviceLines(device, python) {
  const { id, name, kind, driver, contract, kernels, microbench, products, operations, data } = device;
  const lines = [`## ${id}: ${name}`, "", `${kind}, ${driver}`, ""];
  lines.push(
    absent(contract)
      ? `The device contract: ${why(contract)}.`
      : `The device contract: ${contract.yes} behaviours hold, ${contract.no.length} do not, ${contract.skipped.length} cannot be shown here.`,
  );
  lines.push(
    absent(kernels)
      ? `Kernels: ${why(kernels)}.`
      : `Kernels: ${kernels.checked} results compared with the processor's, ${kernels.wrong.length} wrong.`,
  );
  lines.push(
    "",
    ...(absent(microbench) ? [`Microbench: ${why(microbench)}.`] : microbenchLines(microbench, python)),
  );
  lines.push("", ...(absent(products) ? [`Products: ${why(products)}.`] : productLines(products, python)));
  lines.push(
    "",
    ...(absent(operations) ? [`Operations: ${why(operations)}.`] : operationLines(operations, microbench)),
  );
  lines.push("", ...(absent(data) ? [`Queries: ${why(data)}.`] : queryLines(data, microbench, python)));
  return lines;
}

/** Shares are of the copy kernel's bandwidth and of the multiply-add rate, over the bytes and operations that the result needs. */
function operationLines({ rows }, microbench) {
  const limits = absent(microbench) ? undefined : microbench.limits;
  const cells = rows.map(({ operation, ms, bytes, flops, difference }) => {
    const rate = bytes === undefined ? flops : bytes;
    const limit = bytes === undefined ? limits?.flopsPerSecond : limits?.copyBytesPerSecond;
    const unit = bytes === undefined ? "GFLOP/s" : "GB/s";
    return [
      operation,
      number(ms, 3),
      rate === undefined ? "" : `${number(rate / ms / 1e6, 1)} ${unit}`,
      rate === undefined || limit === undefined ? "" : `${number((rate / (ms / 1000) / limit) * 100, 0)} %`,
      difference === undefined ? "no CPU engine" : Number(difference).toExponential(1),
    ];
  });
  return [table(["operation", "ms", "rate", "share", "differs by"], cells)];
}

/** Shares are of the copy kernel's bandwidth, over the bytes of the columns that a query reads. */
function queryLines({ rows }, microbench, python) {
  const copy = absent(microbench) ? undefined : microbench.limits.copyBytesPerSecond;
  const cells = rows.map(({ query, rows: count, bytes, ms, hostMs }) => {
    const other = python?.queries?.find((row) => row.query === query && row.rows === count);
    return [
      query,
      count,
      number(ms, 3),
      number(hostMs, 2),
      copy === undefined ? "" : `${number((bytes / (ms / 1000) / copy) * 100, 0)} %`,
      other === undefined ? "" : `${other.name} ${number(other.ms / ms)}`,
    ];
  });
  return [table(["query", "rows", "ms resident", "ms from host", "share of copy", "ratio"], cells)];
}

function microbenchLines({ compileMs, launch, transfers, copy, limits }, python) {
  const driverCopy = copy.driverCopyBytesPerSecond;
  const streamed = transfers.streamedUploadGBps;
  const rows = [
    ["empty dispatch, a sequence of 1,000", `${number(launch.emptyAmortisedUs)} us`, ""],
    ["empty dispatch, a sequence of 32", `${number(launch.emptyOf32Us)} us`, ""],
    ["dependent dispatch, a sequence of 1,000", `${number(launch.dependentAmortisedUs)} us`, ""],
    ["dispatch and wait", `${number(launch.dispatchAndWaitUs, 1)} us`, ""],
    ["read 256 bytes back", `${number(launch.readBackUs, 1)} us`, ""],
    ["compile a new kernel, no cache", `${number(compileMs.cold, 1)} ms`, ""],
    [
      "copy kernel, read + write",
      `${number(limits.copyBytesPerSecond / 1e9, 1)} GB/s`,
      `${number((limits.copyBytesPerSecond / driverCopy) * 100, 0)} % of the driver's copy`,
    ],
    ["driver's copy, read + write", `${number(driverCopy / 1e9, 1)} GB/s`, ""],
    ["multiply-add, f32", `${number(limits.flopsPerSecond / 1e12)} TFLOP/s`, ""],
    [
      "streamed upload, 4 MiB pieces",
      `${number(streamed, 1)} GB/s`,
      python?.pinnedUploadGBps
        ? `${number((streamed / python.pinnedUploadGBps) * 100, 0)} % of ${python.name}'s from pinned memory`
        : "",
    ],
    ...transfers.rows.map(({ bytes, uploadGBps, downloadGBps }) => [
      `upload / download of ${bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`}`,
      `${number(uploadGBps)} / ${number(downloadGBps)} GB/s`,
      "",
    ]),
  ];
  return [table(["what", "measured", "share"], rows)];
}

function productLines({ blas, rows }, python) {
  const peer = ({ type, size }) => python?.rows?.find((row) => row.type === type && row.size === size);
  const cells = rows.map((row) => {
    const other = peer(row);
    const engine = row.engine === "blas" ? blas : "own kernel";
    const size = `${row.size} cubed`;
    const ratio = other === undefined ? "" : number(other.ms / row.ms);
    return [row.type, size, engine, number(row.ms, 3), number(row.teraflops), ratio];
  });
  const title = python?.name ? `ratio to ${python.name}` : "ratio";
  return [table(["type", "size", "by", "ms", "TFLOP/s", title], cells)];
}

function benchLines(family, bench) {
  if (absent(bench)) return [`## bench ${family}`, "", `${why(bench)}`];
  const rows = bench.rows.map((row) => {
    const best = [...row.peers].sort((a, b) => a.ms - b.ms)[0];
    return [
      row.operation,
      row.case,
      number(row.ours.ms, 3),
      row.ours.placement,
      number(row.ratio),
      best === undefined ? "" : `${best.name} ${best.version} ${number(best.ms, 3)}`,
      row.limit === null ? "" : `${number(row.limit.share * 100, 0)} %`,
    ];
  });
  return [
    `## bench ${family}`,
    "",
    table(["operation", "case", "ms", "placed on", "ratio", "best peer, ms", "share of limit"], rows),
  ];
}
