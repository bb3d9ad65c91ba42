package import RayflowCore

/// A declared input of a workflow.
package struct InputSpec: Sendable {
    package var name: String
    /// Of its name.
    package var position: SourcePosition
    package var type: ValueType = .string
    /// Already of the declared type.
    package var defaultValue: JSON?
    /// True without a default, unless the file says `required: false`; such an input is null when it is not given.
    package var isRequired = true
    package var choices: [JSON] = []
    /// A regular expression for the whole of a text.
    package var pattern: String?
    package var minimum: JSON?
    package var maximum: JSON?
    package var description: String?
}
