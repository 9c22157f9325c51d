// Figures 3 to 12 of the first paper as settings and claims (section 7.2), in data. Where the paper is silent on a value, it is chosen here:
// rates swept from 0.01 to 0.5, figure 10's ten costs, and the assumption under which figures 7 and 8 fall with the users.
import type { Claim } from './claims.ts'
import type { Measure } from './measures.ts'
import type { Setting } from './setting.ts'

/** A setting's number that a figure varies. */
export type Varied = 'doubleSpendRate' | 'initialBlockSize' | 'users' | 'withholdingBp' | 'earlyBp'

export interface FigureSeries {
  readonly name: string
  readonly label?: string
  /** Series of one panel share a picture; the others stand beside it. */
  readonly panel?: string
  /** Where it is not the figure's. */
  readonly measure?: Measure
  readonly change: Partial<Setting>
}

/** The paper's number, or `early` for the comparison that the paper has not. */
export type FigureName = number | 'early'

export interface Figure {
  readonly figure: FigureName
  readonly title: string
  readonly measure: Measure
  readonly vary: Varied
  readonly values: readonly number[]
  readonly base: Partial<Setting>
  readonly series: readonly FigureSeries[]
  readonly claims: readonly Claim[]
  /** Seeds unless others are asked for: fewer where a run takes long, or has many users over whom it averages already. */
  readonly seeds: number
  /** Panels whose values span powers of ten. */
  readonly logarithmic?: readonly string[]
}

const rates = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5] as const
/** At q = 0 every model stays at W0: there curves begin, and nothing is compared. */
const ratesFromZero = [0, ...rates] as const
const firstRate = rates[0]
const costs = [1, 5, 10, 15, 20, 25] as const
const userCounts = [10, 30, 50, 70, 90] as const

const models: readonly FigureSeries[] = (['optimistic', 'neutral', 'pessimistic'] as const).map(model => ({
  name: model,
  change: { model },
}))

const costSeries: readonly FigureSeries[] = costs.map(cost => ({ name: `c = ${cost}`, change: { costs: [cost] } }))
const costNames = costSeries.map(({ name }) => name)

/** Each series once in every panel, under the panel's change. */
const inPanels = (
  series: readonly FigureSeries[],
  panels: readonly (readonly [string, Partial<Setting>])[],
): FigureSeries[] =>
  panels.flatMap(([panel, change]) =>
    series.map(one => ({
      name: `${one.name}, ${panel}`,
      label: one.name,
      panel,
      change: { ...one.change, ...change },
    })),
  )

const namesIn = (series: readonly FigureSeries[], panel: string): string[] =>
  series.filter(one => one.panel === panel).map(({ name }) => name)

const order = (suffix = '', where = '', from?: number): Claim[] =>
  (
    [
      ['optimistic', 'neutral'],
      ['neutral', 'pessimistic'],
    ] as const
  ).map(([higher, lower]) => ({
    text: `the ${higher} model lies above the ${lower} one${where}`,
    kind: 'above',
    higher: `${higher}${suffix}`,
    lower: `${lower}${suffix}`,
    ...(from === undefined ? {} : { from }),
  }))

/** "Decreases rapidly, moderately, slowly": what is lost from the first value to another. */
const speeds = (to: number, between: string, suffix = '', isProportional = false): Claim[] =>
  (
    [
      ['pessimistic', 'neutral'],
      ['neutral', 'optimistic'],
    ] as const
  ).map(([faster, slower]) => ({
    text: `the ${faster} model falls faster than the ${slower} one, ${between}`,
    kind: 'falls faster',
    faster: `${faster}${suffix}`,
    slower: `${slower}${suffix}`,
    to,
    isProportional,
  }))

const ownUsers = 'independent users, q = 0.2'
// with Table 2's q = 0.2 ninety users that share one W are blocked within the first slot
const sharedUsers = 'one W for all, q = 0.01'
const usersPanels: readonly (readonly [string, Partial<Setting>])[] = [
  [ownUsers, { sharing: 'own', doubleSpendRate: 0.2 }],
  [sharedUsers, { sharing: 'shared', doubleSpendRate: 0.01 }],
]
const figure7Series = inPanels(
  [20, 40, 60, 80].map(initialBlockSize => ({ name: `W0 = ${initialBlockSize}`, change: { initialBlockSize } })),
  usersPanels,
)
const figure8Series = inPanels(models, usersPanels)

/** A difference between two numbers of users that is less than this share is none. */
const usersMargin = 0.02

const usersClaims = (series: readonly FigureSeries[]): Claim[] => [
  {
    text: `the mean W falls with the number of users (${ownUsers})`,
    kind: 'falls',
    series: namesIn(series, ownUsers),
    margin: usersMargin,
  },
  {
    text: `beside the paper: the mean W changes by less than 10 % from 10 users to any other number (${ownUsers})`,
    kind: 'level',
    series: namesIn(series, ownUsers),
    share: 0.1,
  },
  {
    text: `the mean W falls with the number of users (${sharedUsers})`,
    kind: 'falls',
    series: namesIn(series, sharedUsers),
  },
]

const perTransaction = 'q of transactions'
const perToken = 'q of tokens'
const readings: readonly (readonly [string, Partial<Setting>])[] = [
  [perTransaction, { per: 'transaction' }],
  [perToken, { per: 'token' }],
]
const riskSeries = inPanels(models, readings)

const riskClaims = (direction: 'falls' | 'rises', along: string): Claim[] =>
  [perTransaction, perToken].flatMap((reading): Claim[] => [
    { text: `the risk is negative (${reading})`, kind: 'negative', series: namesIn(riskSeries, reading) },
    {
      text: `the size of the risk ${direction} with ${along} (${reading})`,
      // the risk itself is negative: it rises where its size falls
      kind: direction === 'falls' ? 'rises' : 'falls',
      series: namesIn(riskSeries, reading),
    },
    {
      text: `the size of the risk is larger for the optimistic model than for the neutral one (${reading})`,
      kind: 'above',
      higher: `neutral, ${reading}`,
      lower: `optimistic, ${reading}`,
    },
    {
      text: `the size of the risk is larger for the neutral model than for the pessimistic one (${reading})`,
      kind: 'above',
      higher: `pessimistic, ${reading}`,
      lower: `neutral, ${reading}`,
    },
  ])

// The paper says "varied": once over the range of costs of its figure 4, once going on from figure 9's two.
const tenCosts = [1, 4, 6, 9, 12, 14, 17, 20, 22, 25] as const
const tenLargerCosts = [10, 15, 20, 25, 30, 35, 40, 45, 50, 55] as const
const costsSmall = 'costs 1 to 25'
const costsLarge = 'costs 10 to 55'
const figure10Series = inPanels(models, [
  [costsSmall, { costs: tenCosts }],
  [costsLarge, { costs: tenLargerCosts }],
])

const belowFigure = (figure: number, text: string, suffix: string): Claim => ({
  text,
  kind: 'below figure',
  figure,
  pairs: Object.fromEntries(models.map(({ name }) => [`${name}${suffix}`, name])),
  from: firstRate,
})

const fallsWithRate = (series?: readonly string[], where = ''): Claim => ({
  text: `the mean W falls with q${where}`,
  kind: 'falls',
  ...(series ? { series } : {}),
})

const earlyLoss = 'loss'
const earlyExposure = 'exposure'
const earlyWaiting = 'waiting'
const earlyLoad = 'load on the ledger'
const earlyPanels: readonly (readonly [string, Measure])[] = [
  [earlyLoss, 'lossPerHundredPurchases'],
  [earlyExposure, 'largestExposure'],
  [earlyWaiting, 'waitedShare'],
  [earlyLoad, 'blocksPerHundredPurchases'],
]
const earlySeries: readonly FigureSeries[] = earlyPanels.flatMap(([panel, measure]) =>
  models.map(({ name, change }) => ({ name: `${name}, ${panel}`, label: name, panel, measure, change })),
)

/** Beyond the paper: a queue is checked when it reaches a share of W, holding nobody. */
export const earlyFigure: Figure = {
  figure: 'early',
  title: 'Checking a queue early, at a share of W',
  measure: 'lossPerHundredPurchases',
  vary: 'earlyBp',
  values: [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000],
  seeds: 60,
  base: { doubleSpendRate: 0.02 },
  series: earlySeries,
  claims: [
    {
      text: 'checking early loses more on tokens that are spent again now and then',
      kind: 'above last',
      series: namesIn(earlySeries, earlyLoss),
    },
    {
      text: 'the smaller the share, the less is delivered before it is checked',
      kind: 'rises',
      series: namesIn(earlySeries, earlyExposure),
    },
    {
      text: 'checking early lets fewer purchases wait',
      kind: 'below last',
      series: namesIn(earlySeries, earlyWaiting),
    },
    {
      text: 'the smaller the share, the more blocks go to the ledger',
      kind: 'falls',
      series: namesIn(earlySeries, earlyLoad),
    },
  ],
}

export const figures: readonly Figure[] = [
  {
    figure: 3,
    title: 'Mean tokens block size against q',
    measure: 'meanBlockSize',
    vary: 'doubleSpendRate',
    values: ratesFromZero,
    seeds: 200,
    base: {},
    series: models,
    claims: [
      fallsWithRate(),
      ...order('', '', firstRate),
      ...speeds(0.02, 'from q = 0 to 0.02'),
      ...speeds(0.5, 'from q = 0 to 0.5'),
    ],
  },
  {
    figure: 4,
    title: 'Mean tokens block size against q and the product cost',
    measure: 'meanBlockSize',
    vary: 'doubleSpendRate',
    values: rates,
    seeds: 60,
    base: { model: 'neutral' },
    series: costSeries,
    claims: [
      fallsWithRate(),
      ...costs.slice(1).map(
        (cost, at): Claim => ({
          text: `the mean W falls with the cost (${costs[at]} to ${cost} tokens)`,
          kind: 'above',
          higher: `c = ${costs[at]}`,
          lower: `c = ${cost}`,
        }),
      ),
      { text: 'highest at the lowest cost and q', kind: 'highest', at: 'c = 1', x: 0.01, among: costNames },
      { text: 'lowest at the highest cost and q', kind: 'lowest', at: 'c = 25', x: 0.5, among: costNames },
    ],
  },
  {
    figure: 5,
    title: 'Mean tokens block size against W0',
    measure: 'meanBlockSize',
    vary: 'initialBlockSize',
    values: [20, 40, 60, 80, 100],
    seeds: 200,
    base: {},
    series: models,
    claims: [{ text: 'the mean W rises with W0', kind: 'rises' }, ...order()],
  },
  {
    figure: 6,
    title: 'Mean tokens block size against W0 and the product cost',
    measure: 'meanBlockSize',
    vary: 'initialBlockSize',
    values: [20, 40, 60, 80, 100],
    seeds: 100,
    base: { model: 'pessimistic' },
    series: costSeries,
    claims: [
      { text: 'the mean W rises with W0', kind: 'rises' },
      ...costs.slice(1).map(
        (cost, at): Claim => ({
          text: `the mean W falls with the cost (${costs[at]} to ${cost} tokens)`,
          kind: 'above',
          higher: `c = ${costs[at]}`,
          lower: `c = ${cost}`,
        }),
      ),
      { text: 'highest at the highest W0 and the lowest cost', kind: 'highest', at: 'c = 1', x: 100, among: costNames },
    ],
  },
  {
    figure: 7,
    title: 'Mean tokens block size of all users against their number and W0',
    measure: 'meanBlockSize',
    vary: 'users',
    values: userCounts,
    seeds: 20,
    base: { model: 'pessimistic' },
    series: figure7Series,
    logarithmic: [sharedUsers],
    claims: [
      ...usersClaims(figure7Series),
      ...[ownUsers, sharedUsers].flatMap(panel =>
        [40, 60, 80].map(
          (w0): Claim => ({
            text: `the mean W rises with W0 (${w0 - 20} to ${w0}; ${panel})`,
            kind: 'above',
            higher: `W0 = ${w0}, ${panel}`,
            lower: `W0 = ${w0 - 20}, ${panel}`,
          }),
        ),
      ),
      {
        text: `highest at the fewest users and the highest W0 (${sharedUsers})`,
        kind: 'highest',
        at: `W0 = 80, ${sharedUsers}`,
        x: 10,
        among: namesIn(figure7Series, sharedUsers),
      },
    ],
  },
  {
    figure: 8,
    title: 'Mean tokens block size of all users against their number',
    measure: 'meanBlockSize',
    vary: 'users',
    values: userCounts,
    seeds: 20,
    base: {},
    series: figure8Series,
    logarithmic: [sharedUsers],
    claims: [
      ...usersClaims(figure8Series),
      ...order(`, ${ownUsers}`, ` (${ownUsers})`),
      ...order(`, ${sharedUsers}`, ` (${sharedUsers})`),
      ...speeds(90, `from 10 to 90 users (${sharedUsers})`, `, ${sharedUsers}`),
      ...speeds(90, `from 10 to 90 users, in proportion (${sharedUsers})`, `, ${sharedUsers}`, true),
    ],
  },
  {
    figure: 9,
    title: 'Mean tokens block size against q, two vendors',
    measure: 'meanBlockSize',
    vary: 'doubleSpendRate',
    values: ratesFromZero,
    seeds: 200,
    base: { costs: [10, 20] },
    series: models,
    claims: [
      fallsWithRate(),
      ...order('', '', firstRate),
      ...speeds(0.01, 'from q = 0 to 0.01'),
      belowFigure(3, 'lower than with one vendor (figure 3)', ''),
    ],
  },
  {
    figure: 10,
    title: 'Mean tokens block size against q, ten vendors',
    measure: 'meanBlockSize',
    vary: 'doubleSpendRate',
    values: ratesFromZero,
    seeds: 200,
    base: {},
    series: figure10Series,
    claims: [costsSmall, costsLarge].flatMap((panel): Claim[] => [
      fallsWithRate(namesIn(figure10Series, panel), ` (${panel})`),
      ...order(`, ${panel}`, ` (${panel})`, firstRate),
      belowFigure(3, `lower than with one vendor (figure 3; ${panel})`, `, ${panel}`),
      belowFigure(9, `lower than with two vendors (figure 9; ${panel})`, `, ${panel}`),
    ]),
  },
  {
    figure: 11,
    title: 'Mean risk of a block against q',
    measure: 'meanRisk',
    vary: 'doubleSpendRate',
    values: rates,
    seeds: 200,
    base: { initialBlockSize: 50 },
    series: riskSeries,
    claims: riskClaims('falls', 'q'),
  },
  {
    figure: 12,
    title: "Mean risk of a block against the auditor's withholding",
    measure: 'meanRisk',
    vary: 'withholdingBp',
    values: [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000],
    seeds: 100,
    base: { initialBlockSize: 50 },
    series: riskSeries,
    claims: riskClaims('rises', 'ρ'),
  },
]
