internal import RayflowCore

extension StepSpec {
    /// The schema of ``normalisedBody``; a change makes every recorded result unusable.
    package static let bodySchema: UInt8 = 1

    /// What the step does, as bytes for the key under which its results can be used again.
    ///
    /// Holds the kind, its body, what is read from where as outputs, the declared environment, the version, and for processes shell,
    /// working folder and sandbox. It does not hold id, resources, retry, timeout or the place in the file, nor the values of `with` and of
    /// ``bodyTemplates``, which are hashed resolved beside it. Layout, comments and quotes of the YAML do not count; the text of a script
    /// does, to the byte.
    package var normalisedBody: [UInt8] {
        var writer = ByteWriter()
        writer.u8(Self.bodySchema)
        writer.string(kind.name)
        switch kind {
        case .run(let script): writer.string(script.isLiteral ? script.scalar.text : script.normalised)
        case .command(let words): writer.list(words) { $0.string($1.normalised) }
        case .call(let function): writer.string(function)
        case .actor(let id, let method):
            writer.string(id)
            writer.string(method)
        case .value(let members): writer.members(members)
        }
        writer.optional(stdin) { $0.string($1.normalised) }
        writer.list(outputs.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) { $0.output($1) }
        writer.list(env.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) { writer, variable in
            writer.string(variable.name)
            writer.string(variable.value.normalised)
        }
        writer.optional(version) { $0.string($1) }
        if kind.isProcess {
            let shellWords = if case .run = kind { shell } else { [String]() }
            writer.list(shellWords) { $0.string($1) }
            writer.optional(workdir) { $0.string($1.normalised) }
            writer.string(sandbox.rawValue)
        }
        return writer.bytes
    }

    /// The templates of the body whose values belong into the key next to ``normalisedBody`` and `with`, in a fixed order.
    package var bodyTemplates: [SourceTemplate] {
        var templates: [SourceTemplate] = []
        switch kind {
        case .run(let script): templates.append(script)
        case .command(let words): templates += words
        case .value(let members): templates += members.flatMap(\.value.templates)
        case .call, .actor: break
        }
        templates += [stdin, workdir].compactMap { $0 }
        templates += env.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map(\.value)
        return templates.filter { !$0.isLiteral }
    }
}

extension ByteWriter {
    fileprivate mutating func output(_ output: OutputSpec) {
        string(output.name)
        string(output.type.description)
        switch output.source {
        case .stdout: string("stdout")
        case .stderr: string("stderr")
        case .outputFile: string("output-file")
        case .content(let template): string("content:" + template.normalised)
        case .path(let template): string("path:" + template.normalised)
        case .glob(let template): string("glob:" + template.normalised)
        }
        optional(output.pointer) { $0.string($1) }
        optional(output.defaultValue) { $0.tree($1) }
        bool(output.isOptional)
    }

    fileprivate mutating func members(_ members: [TemplateMember]) {
        list(members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) { writer, member in
            writer.string(member.name)
            writer.tree(member.value)
        }
    }

    private mutating func tree(_ tree: TemplateTree) {
        switch tree {
        case .literal(let value, _):
            u8(0)
            blob(value.canonical)
        case .template(let template):
            u8(1)
            string(template.normalised)
        case .list(let elements, _):
            u8(2)
            list(elements) { $0.tree($1) }
        case .map(let entries, _):
            u8(3)
            members(entries)
        }
    }
}
