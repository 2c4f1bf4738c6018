// Decides requests by the rules of IAM. Reads a batch a line from the standard input: documents by
// name, and requests that name theirs. Answers each batch with a line: what is decided, what each
// side says, and which statements allow. The argument is the folder that holds node_modules.
'use strict'

const { createRequire } = require('node:module')
const path = require('node:path')
const readline = require('node:readline')

const load = createRequire(path.join(process.argv[2], 'package.json'))
const {
  createValidatedPolicy,
  validateIdentityPolicy,
  validateResourcePolicy
} = load('@cloud-copilot/iam-policy')
const { runSimulation } = load('@cloud-copilot/iam-simulate')

const ALLOWS = new Set(['Allowed', 'AllowedForAccount'])

// Writes names in another way where the library refuses them; whoever compares them finds the same.
// It drops context keys of which IAM's reference knows only a pattern, kms:EncryptionContext:${key}:
// they become a tag's. It refuses an action on a resource that the reference does not list for it:
// the action takes the name of a listed one, which nobody may have been given.
function spelled(value, request) {
  let text = JSON.stringify(value).replaceAll('"kms:EncryptionContext:', '"aws:PrincipalTag/kms:')
  if (request.judged_as) text = text.replaceAll(`"${request.action}"`, `"${request.judged_as}"`)
  return JSON.parse(text)
}

// The documents of a batch, each of them validated once.
class Documents {
  constructor(documents) {
    this.documents = documents
    this.validated = new Map()
  }

  includes(action) {
    return JSON.stringify(this.documents).includes(`"${action}"`)
  }

  policy(name, validate, request) {
    const key = [name, validate.name, request.judged_as].join(' ')
    if (!this.validated.has(key)) {
      const document = { Version: '2012-10-17', Statement: spelled(this.documents[name], request) }
      this.validated.set(key, createValidatedPolicy(document, validate))
    }
    return this.validated.get(key)
  }
}

function simulation(request, documents) {
  const identity = (name) => ({
    name,
    policy: documents.policy(name, validateIdentityPolicy, request)
  })
  const resource = (name) => documents.policy(name, validateResourcePolicy, request)
  return {
    request: {
      principal: request.principal,
      action: request.judged_as ?? request.action,
      resource: { resource: request.resource, accountId: request.account },
      contextVariables: spelled(request.context, request)
    },
    identityPolicies: request.identity.map(identity),
    resourcePolicy: request.guard ? resource(request.guard) : undefined,
    permissionBoundaryPolicies: request.boundary ? [identity(request.boundary)] : undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
}

async function decide(request, documents) {
  if (request.judged_as && documents.includes(request.judged_as)) {
    return { problem: `${request.judged_as} is in use, so nothing can be judged as it` }
  }
  const answer = await runSimulation(simulation(request, documents), {})
  if (answer.resultType === 'error') return { problem: JSON.stringify(answer.errors) }
  const results = answer.resultType === 'single' ? [answer.result] : answer.results
  const ignored = results.flatMap((result) => result.ignoredContextKeys ?? [])
  const useless = request.written.filter((key) => ignored.includes(key))
  if (useless.length > 0) return { problem: `the action knows no ${useless.join(', ')}` }
  return verdict(request, answer.overallResult, results.map((result) => result.analysis))
}

function verdict(request, result, analyses) {
  const identity = analyses.map((analysis) => analysis.identityAnalysis)
  const resource = analyses.map((analysis) => analysis.resourceAnalysis)
  const allowing = (side) => side?.allowStatements ?? []
  const place = (one) => one.statement.index() - 1
  return {
    allowed: result === 'Allowed',
    identity: identity.some((side) => ALLOWS.has(side?.result)),
    resource: resource.some((side) => ALLOWS.has(side?.result)),
    grants: [
      ...identity.flatMap(allowing).map((one) => [one.policyId, place(one)]),
      ...resource.flatMap(allowing).map((one) => [request.guard, place(one)])
    ]
  }
}

async function answer(line) {
  const batch = JSON.parse(line)
  const documents = new Documents(batch.documents)
  const answers = []
  for (const request of batch.requests) answers.push(await decide(request, documents))
  process.stdout.write(JSON.stringify(answers) + '\n')
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) await answer(line)
}

main()
