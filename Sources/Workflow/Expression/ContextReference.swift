/// One mention of a context: `steps.greet.outputs.text[0].id` mentions `steps` with the path `greet`, `outputs`, `text`.
package struct ContextReference: Hashable, Sendable {
    /// In lower case.
    package var context: String
    /// The leading properties that are constant, as written: `.name` and `['name']`. Ends at the first `*`, number or computed index.
    package var path: [String]
    /// From 0, in Unicode scalars, within the whole scalar that holds the expression.
    package var offset: Int

    package init(context: String, path: [String], offset: Int) {
        self.context = context
        self.path = path
        self.offset = offset
    }
}
