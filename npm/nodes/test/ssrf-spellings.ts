/** Ways to write addresses that are not public, as people write them who want to get past a check. */

/** Addresses of machines that flows of others have no business with. */
const TARGETS = [
  "127.0.0.1",
  "127.8.9.10",
  "0.0.0.0",
  "10.0.0.1",
  "100.64.0.1",
  "100.100.100.200",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.254",
  "192.0.0.192",
  "192.168.0.1",
  "168.63.129.16",
  "198.18.0.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
];

/** Hosts of URLs, in every spelling that `URL` reads. */
export const SPELLINGS: readonly string[] = [...new Set([...TARGETS.flatMap(spellings), ...others()])];

function spellings(target: string): string[] {
  const bytes = target.split(".").map(Number) as [number, number, number, number];
  const [a, b, c, d] = bytes;
  const whole = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const hex = (value: number, digits = 0): string => value.toString(16).padStart(digits, "0");
  const octal = (value: number): string => `0${value.toString(8)}`;
  const [high, low] = [hex(a * 256 + b), hex(c * 256 + d)];
  return [
    target,
    `${target}.`,
    String(whole),
    `0x${hex(whole)}`,
    `0X${hex(whole).toUpperCase()}`,
    `0x0000000000${hex(whole)}`,
    octal(whole),
    `000000${whole.toString(8)}`,
    bytes.map((byte) => `0x${hex(byte)}`).join("."),
    bytes.map(octal).join("."),
    bytes.map((byte) => `0000${octal(byte)}`).join("."),
    `0x${hex(a)}.${octal(b)}.${c}.0x${hex(d)}`,
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${b * 65_536 + c * 256 + d}`,
    `0x${hex(a)}.${octal(b * 65_536 + c * 256 + d)}`,
    [...target].map((sign) => (sign === "." ? "。" : String.fromCodePoint(0xff10 + Number(sign)))).join(""),
    [...target].map((sign) => `%${hex(sign.charCodeAt(0))}`).join(""),
    target.replaceAll(".", "%2e"),
    target.replaceAll(".", "｡"),
    `user:password@${target}`,
    `example.com@${target}`,
    `[::ffff:${target}]`,
    `[::ffff:${high}:${low}]`,
    `[0:0:0:0:0:FFFF:${high}:${low}]`,
    `[::${target}]`,
    `[::ffff:0:${high}:${low}]`,
    `[64:ff9b::${target}]`,
    `[64:ff9b:1::${high}:${low}]`,
    `[2002:${high}:${low}::]`,
    `[2002:${high}:${low}::1]`,
    `[2001:0:${high}:${low}::]`,
    `[2001:0:4136:e378:8000:63bf:${hex(0xffff - (a * 256 + b))}:${hex(0xffff - (c * 256 + d))}]`,
  ];
}

function others(): string[] {
  return [
    "localhost",
    "LOCALHOST",
    "loc%61lhost",
    "ｌｏｃａｌｈｏｓｔ",
    "127.1",
    "127.0.1",
    "0",
    "0.0",
    "0x0",
    "00",
    "①②⑦.⓪.⓪.①",
    "①②⑦.0.0.1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0001]",
    "[::]",
    "[0::0]",
    "[fe80::1]",
    "[FE80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fdff:ffff::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[4000::1]",
    "[::ffff:7f00:1]",
    "[::7f00:1]",
    "[::ffff:0:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::8.8.8.8]",
    "[::ffff:8.8.8.8]",
    "[2002:808:808::1]",
  ];
}

/** Spellings that are no address at all for `URL`, and so are refused before anything is looked up. */
export const NO_ADDRESSES: readonly string[] = [
  "[fe80::1%25eth0]",
  "[fe80::1%eth0]",
  "[::1%25lo]",
  "[::1]x",
  "[127.0.0.1]",
  "127.0.0.0x100",
  "256.256.256.256",
  "127.0.0.1.1",
  "4294967296",
  "0x100000000",
  "127..1",
  "127.0.0.1%00",
  "127.0.0.1%09",
  "[::ffff:127.0.0.1.1]",
  "[::1",
  "09.0.0.1",
];
