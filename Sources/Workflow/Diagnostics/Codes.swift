/// The number of a kind of fault. Numbers are never reused.
///
/// RF0xx: the file and its YAML. RF1xx: keys, types and values. RF2xx: the graph and its references. RF3xx: safety.
/// RF4xx: inputs given for a run.
package enum DiagnosticCode: Int, CaseIterable, Hashable, Sendable {
    case unreadable = 1
    case emptyFile = 2
    case notUTF8 = 3
    case syntax = 4
    case tag = 5
    case severalDocuments = 6
    case duplicateKey = 7
    case alias = 8
    case limit = 9
    case complexKey = 10
    case character = 11
    case merge = 12
    case directive = 13

    case unknownKey = 101
    case unsupportedKey = 102
    case wrongType = 103
    case missingKey = 104
    case badValue = 105
    case stepKind = 106
    case badName = 107
    case version = 108
    case expression = 109
    case noExpression = 111
    case pattern = 112
    case misplacedKey = 113
    case contradiction = 114

    case undefinedStep = 202
    case undefinedInput = 203
    case sharedOutputPath = 204
    case undefinedOutput = 205
    case undefinedNeed = 206
    case cycle = 207
    case itemOutside = 208
    case undefinedActor = 209
    case context = 210
    case dynamicStep = 211
    case notNeeded = 212
    case stepProperty = 213

    case interpolation = 301
    case variableClash = 302

    case unknownInput = 401
    case missingInput = 402
    case badInput = 403
    case repeatedInput = 404

    /// `RF` and three digits.
    package var name: String {
        let digits = String(rawValue)
        return "RF" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }

    /// One line for `rayflow lint --explain`.
    package var explanation: String {
        switch self {
        case .unreadable: "the file cannot be read"
        case .emptyFile: "the file holds no YAML document"
        case .notUTF8: "the file is not UTF-8 text"
        case .syntax: "the text is not valid YAML 1.2"
        case .tag: "YAML tags such as !!str are not part of the language; quote a scalar to make it a string"
        case .severalDocuments: "a workflow file is one YAML document"
        case .duplicateKey: "a map has the same key twice"
        case .alias: "an alias names an anchor that does not exist, or lies within what it names"
        case .limit: "the file is larger, deeper or expands to more nodes than allowed"
        case .complexKey: "a map's key is a list or a map; keys are scalars"
        case .character: "a character that no YAML text may hold, or that YAML 1.1 and 1.2 read differently"
        case .merge: "<< takes a map or a list of maps"
        case .directive: "of the YAML directives only %YAML 1.1 and %YAML 1.2 are understood"
        case .unknownKey: "a key that the language does not have"
        case .unsupportedKey: "a key of the language that this version does not support yet"
        case .wrongType: "a value of the wrong kind, such as a list where a text belongs"
        case .missingKey: "a key that must be there is missing"
        case .badValue: "a value of the right kind that is not among the possible ones"
        case .stepKind: "a step has exactly one of run, command, call, actor and value"
        case .badName: "a name has a form that the language does not allow"
        case .version: "the file is written for another version of the language"
        case .expression: "the text between ${{ and }} is no expression"
        case .noExpression: "${{ }} is not evaluated at this place"
        case .pattern: "a regular expression that does not compile"
        case .misplacedKey: "a key that has no meaning in this kind of step or type"
        case .contradiction: "two keys that exclude one another"
        case .undefinedStep: "an expression mentions a step that does not exist"
        case .undefinedInput: "an expression mentions an input that is not declared"
        case .sharedOutputPath: "the items of a fan-out would write the same file in a shared folder"
        case .undefinedOutput: "an expression mentions an output that the step does not declare"
        case .undefinedNeed: "needs names a step that does not exist"
        case .cycle: "steps wait for one another"
        case .itemOutside: "item, item-index and item-key exist only within a for-each"
        case .undefinedActor: "a step calls an actor that is not declared"
        case .context: "a context that does not exist at this place"
        case .dynamicStep: "the step that an expression mentions must be known before the run"
        case .notNeeded: "needs.x is there only for steps that needs lists"
        case .stepProperty: "steps have outputs and a result, nothing else"
        case .interpolation: "${{ }} within a shell script lets data become code"
        case .variableClash: "two with keys reach the process as the same environment variable"
        case .unknownInput: "an input is given that the workflow does not declare"
        case .missingInput: "a required input is not given"
        case .badInput: "a given input does not fit its declaration"
        case .repeatedInput: "an input is given twice"
        }
    }
}
