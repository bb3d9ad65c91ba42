// The vocabulary of errors, identities and JSON is part of this library's interface: `import Rayflow` is enough.
@_exported public import RayflowCore
