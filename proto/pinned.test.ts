// Encodings and digests pinned by hash: what was signed yesterday must mean the same today. A change here breaks every running network
// and every proof that was given out; it needs a new domain tag (hash.ts), not a new line in this file.
import { beforeAll, expect, it } from 'vitest'
import { bytesOfHex, toHex } from './bytes.ts'
import {
  createBlock,
  encodeBlock,
  encodeCertificate,
  encodeHeader,
  encodeProposal,
  encodeVote,
  genesisBlock,
  outcomeOf,
  signProposal,
} from './chain.ts'
import { encodeGenesis, type Genesis, genesisHash } from './genesis.ts'
import { sha256Hex, zeroDigest } from './hash.ts'
import { type LedgerRecord, signRecord } from './records.ts'
import { createTestSession, settleClaim } from './session/testing.ts'
import { certify, createAnswer, digestOfName, keyOf, start, testGenesis } from './testing.ts'
import {
  groupDigest,
  payloadDigest,
  returnInformation,
  signPayload,
  signToken,
  type TokenGroup,
  TokenHasher,
} from './token.ts'
import {
  encodeRecordVerdict,
  encodeTransactionVerdict,
  recordLeafHash,
  type TransactionVerdict,
  transactionLeafHash,
} from './verdict.ts'
import { encodeRecordAnswer } from './wire/codec.ts'

const network = digestOfName('network')
const networkBytes = bytesOfHex(network)
const bank = keyOf('bank')
const user = keyOf('user')
const heading = { network, signer: digestOfName('certificate'), number: 2, previous: digestOfName('previous') }

const group: TokenGroup = {
  bank: digestOfName('bank certificate'),
  publication: 3,
  value: 25n,
  issuedAt: start,
  payBy: start + 1000,
  expiry: start + 2000,
  holder: user.publicKey,
}
const groupBytes = groupDigest(networkBytes, group)
const tokens = [0, 1].map(index => ({ group: 0, index, signature: signToken(groupBytes, index, bank) }))
const hasher = new TokenHasher()
hasher.group(groupBytes)
const hashes = tokens.map(({ index, signature }) => hasher.hash(index, signature).slice())
const information = returnInformation(networkBytes, group.bank)
const payload = payloadDigest(start, information, hashes)
const payment = { time: start, information, signature: signPayload(payload, user), tokens }

const session = createTestSession(
  { client: user, vendor: keyOf('vendor'), bank },
  { network, bank: group.bank, openBy: start, nonce: new Uint8Array(32).fill(7) },
)

const records: LedgerRecord[] = [
  {
    kind: 'membership',
    ...heading,
    action: 'admit',
    name: 'bank-2',
    role: 'bank',
    certificate: { fingerprint: digestOfName('f'), publicKey: bank.publicKey, notBefore: start, notAfter: start + 9 },
    tokenValue: 25n,
  },
  { kind: 'revocation', ...heading, certificate: digestOfName('f'), reason: 'Schlüssel gestohlen' },
  {
    kind: 'publication',
    ...heading,
    value: 25n,
    issuedAt: start,
    payBy: start + 1000,
    expiry: start + 2000,
    hashes: new Uint8Array([...hashes[0]!, ...hashes[1]!]),
  },
  { kind: 'return', ...heading, user: user.publicKey, groups: [group], payment },
  {
    kind: 'tokenBlock',
    ...heading,
    user: user.publicKey,
    pending: true,
    terms: { w0: 100, model: 'pessimistic', rounding: 'carry' },
    groups: [group],
    transactions: [payment, payment],
  },
  { kind: 'sessionOpen', ...heading, attempt: 1, terms: session.terms, signatures: session.signatures },
  ...[session.joint(4), session.byVendor(3), session.byClient(0), settleClaim].map(
    claim => ({ kind: 'sessionClose', ...heading, session: session.session, attempt: 2, claim }) as const,
  ),
]

const transaction: TransactionVerdict = {
  record: digestOfName('record'),
  index: 1,
  payload,
  pending: true,
  holder: 'valid',
  tokens: [
    {
      bank: group.bank,
      publication: 3,
      index: 0,
      verdict: '11',
      reason: 'valid',
      use: 'released',
      charged: false,
      firstUse: undefined,
    },
    {
      bank: group.bank,
      publication: 3,
      index: 1,
      verdict: '10',
      reason: 'duplicate',
      use: 'none',
      charged: true,
      firstUse: { record: digestOfName('first'), transaction: 4, payload },
    },
    {
      bank: group.bank,
      publication: 4,
      index: 9,
      verdict: '01',
      reason: 'altered',
      use: 'none',
      charged: true,
      firstUse: undefined,
    },
  ],
}
const recordVerdict = encodeRecordVerdict({
  record: digestOfName('record'),
  kind: 'tokenBlock',
  signer: digestOfName('certificate'),
  number: 2,
  refusal: 'holder_mismatch',
  user: { key: user.publicKey, sequence: 5, gammaBefore: 1, gammaAfter: 3 },
  session: undefined,
  transactions: 2,
  transactionsRoot: digestOfName('root'),
})
const sessionVerdict = encodeRecordVerdict({
  record: digestOfName('record'),
  kind: 'sessionClose',
  signer: digestOfName('certificate'),
  number: 2,
  refusal: undefined,
  user: undefined,
  session: {
    session: session.session,
    state: 'settled',
    index: 7,
    by: 'vendor',
    paid: 21n,
    returned: 9n,
    windowEnd: 0,
    contestedAt: 4,
  },
  transactions: 0,
  transactionsRoot: zeroDigest,
})

const block = createBlock(
  { network, height: 7, view: 9, parent: digestOfName('parent'), parentOutcome: digestOfName('outcome'), time: start },
  [digestOfName('one'), digestOfName('two')],
)
const outcome = outcomeOf(digestOfName('verdicts'), digestOfName('state'))
const nullification = certify(network, { kind: 'nullify', view: 8, digest: zeroDigest, outcome: zeroDigest }, [0, 1, 3])
const notarization = certify(network, { kind: 'notarize', view: 9, digest: block.digest, outcome }, [0, 1, 2])
const finalization = certify(network, { kind: 'finalize', view: 9, digest: block.digest, outcome }, [0, 1, 2])
const vote = { ...finalization, ...finalization.signatures[1]! }
const proposal = {
  block,
  signature: signProposal(network, block, keyOf('validator-1')),
  parentCertificate: notarization,
  nullifications: [nullification],
}

let genesis: Genesis
beforeAll(async () => {
  genesis = await testGenesis()
})

it('records: digest and bytes', () => {
  const lines = records.map(record => {
    const signed = signRecord(record, bank)
    return `${record.kind} ${signed.digest} ${sha256Hex(signed.bytes)}`
  })
  expect(lines).toMatchInlineSnapshot(`
    [
      "membership 6053df497f91e5b5d3b76b8c0e86f5216d1b35393caea7043db026e5e0e65aa4 71303bb7d330d6157e65572afc18e6ce801d9d1febc16e139e44a6588a355c56",
      "revocation 26176f4cba6ad0a1a07b428bf081c502ea1ab3a795d5845cfbd2d2c01b3645dc b4a97eee23a2b1de9b92206639c4495e5bd42d3b88882db86967684b20099785",
      "publication 25a7bca494d9dbefaecce7df71bd04f989cabc1f684c7bc893f228c726fe1e94 960037195269f48ccebf3685ec992745cf89b23910a329b06849a268accc40c4",
      "return 7522c4c26a5bdd6f6b1b2bc57e6c073e4840b7ce5c46f09ce2ee998cd17de09c 0dc24376c9fe799abc89ef22cb358c5787f9a5694584bfd84dbcccd0ac883743",
      "tokenBlock fbe70d7b43f700bc28854769aa99bff2e59f378d5851c3cb45d43f29f23e5eed fa8e62db3d4db3438d2ab5e7652d609af2ad1355c7b365f1002b6452a4c8a5e5",
      "sessionOpen ca2829ffee30ea899efe5583c0936dee35f50b55eca5d12d77d0830e335e5c34 5eac1f2bcedeac55b9084f09c82f3f0ae08beb7256424e285b665b27a04d9a1d",
      "sessionClose b910f48e88446dc181e773728403308664978c0e39c13173de38dcd1e830504d 1942884f762b9508aa1a6fb1e2858f70b0f67df7dd42dfdba1702eb0ff90bd36",
      "sessionClose 150e2745f4174a126221ba9b6ad716b0c12957f10e941b1dff44739bdb8c7b21 ecd3dccd01a1b74a43449bdc2f08ae9e8de4a5d3af714820ed577a0017058832",
      "sessionClose f913cf06489393023330b24851d8447ba1216c8e3140b2198fa2fa9dd21afec1 bca68809f81a6159d24e122da16ab4266039d659c81e0c6953ed026e8af20659",
      "sessionClose f42f161c6704c5c3b28c7f9f5815dc15fa928565ce16c28f8af0d80bb4eedde3 6a400215f59d3b9c109a4154a664d1c0ee6fcc07160d99511b5514da7bd35e54",
    ]
  `)
})

it('tokens and payments', () => {
  expect({
    group: toHex(groupBytes),
    tokens: hashes.map(toHex),
    information,
    payload,
    signature: sha256Hex(payment.signature),
  }).toMatchInlineSnapshot(`
    {
      "group": "c07ba5d6d6c05c5a50db53bd9b4a95d7a90cc55dbaa15ab1ba7c1f64ead43b5f",
      "information": "2d5a65438dea03346a3476859b578fb745061f675ca513d74befd48fa45c51ed",
      "payload": "079fd084a05b94712a625b01727a4db1fce1ecbcff7ff3e039fb691e19b184c4",
      "signature": "cb3cfeef5c5710183e041ece73c5c8e338ee93dff8385a42b9191873457163a2",
      "tokens": [
        "99e35b3cceea31969184d8cb925773962edf939dd1a08a3e452b11c050f11b17",
        "5b66af55f5057ad0c3e79ce62a69ff551f55464535b5304e5a3a883ec5df220a",
      ],
    }
  `)
})

it('blocks, votes, certificates, proposals', () => {
  expect({
    block: block.digest,
    header: sha256Hex(encodeHeader(block.header)),
    blockBytes: sha256Hex(encodeBlock(block)),
    outcome,
    vote: sha256Hex(encodeVote(vote)),
    nullification: sha256Hex(encodeCertificate(nullification)),
    notarization: sha256Hex(encodeCertificate(notarization)),
    finalization: sha256Hex(encodeCertificate(finalization)),
    proposal: sha256Hex(encodeProposal(proposal)),
  }).toMatchInlineSnapshot(`
    {
      "block": "3a1398ecbf0e25672f74b2adb5cf3d4f3ce04ae59f617eb2d4a63294c9f7b781",
      "blockBytes": "c7e0374c5d7b1d3b67a7cfd3954eb46346863f4f8f9d3352347fedd32ab72f64",
      "finalization": "9cc5b0a0d2542d3ebe1dbe6b99a9ff3c983034f48dd75a27c082c70356d303bf",
      "header": "c8f0cd9cdfbdab00b05ab616ca0724be29b2f0ce2019fdde49b96ec5d684a3df",
      "notarization": "754b06c9450cf6d9a758790d2b95345bd4c9e83aaa6b955670c6ceac4b758837",
      "nullification": "53604b9b97c953e1f087b7898ef5bcf2c18aa1178b4131f9d85495316baec186",
      "outcome": "15c4f51256a4e912ef1ce0c1ec25c17e0c00de96c113f8e45a699233e9c586ea",
      "proposal": "7f243e24129f4424415535eb26522a2ea688f82552c57101e6b08e8145422aee",
      "vote": "5523702c460000c91d032021afbb795f86535b2b301e7cfe0b1979479be4205d",
    }
  `)
})

it('verdicts', () => {
  const encoded = encodeTransactionVerdict(transaction)
  expect({
    transaction: sha256Hex(encoded),
    transactionLeaf: toHex(transactionLeafHash(encoded)),
    record: sha256Hex(recordVerdict),
    recordLeaf: toHex(recordLeafHash(recordVerdict)),
    session: sha256Hex(sessionVerdict),
  }).toMatchInlineSnapshot(`
    {
      "record": "246b1474466901f91534122c3569818f4b4e436c7504350b7b8919adb0795cb0",
      "recordLeaf": "a708f2b7814e7fbbc05cf52e32f8f61d78c5b0111f4da869660c6ffe378ef13c",
      "session": "7fd0b6481d29a322f647f45b1b242fe2a4c7670023797ba482bdf0c41a1b50d2",
      "transaction": "f0050ce2100c02ec243464504e5ddf1c74ac276528c13b438a8283c853915ea7",
      "transactionLeaf": "45e4580a67e093cb2579294a00d9acd500e7b51a2eda483d178f42c6c1b25cde",
    }
  `)
})

it('genesis and its block', () => {
  expect({
    genesis: genesisHash(genesis),
    bytes: sha256Hex(encodeGenesis(genesis)),
    block: genesisBlock(genesisHash(genesis), digestOfName('state'), start).block.digest,
    certificate: genesis.members[0]!.certificate.fingerprint,
  }).toMatchInlineSnapshot(`
    {
      "block": "3c8dc1bece8c1af2959d2158a5d1bcfed41fbb58a02676a64fdf4a55bce6491d",
      "bytes": "6154302b51c261333b1227d94226025b386dd87445dd6b980179a3cb237971a8",
      "certificate": "3724222128255b21c4d459fa5ac92842dd80de76b7e81a40362793d039f770b9",
      "genesis": "000872bc6c2edb8dd5ce2e4841cfa04f210576df266a9bf39d7c1263d86aea69",
    }
  `)
})

it('an answer on the wire', () => {
  expect(sha256Hex(encodeRecordAnswer(createAnswer(network, { descendants: 2 })))).toMatchInlineSnapshot(
    `"86bb9856ff6bcf5464b1f9c474d3f94fc84469e763fcf2161ff2af5a1fd50bdb"`,
  )
})
