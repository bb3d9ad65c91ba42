// A program with a workflow's functions writes `import RayflowCLI` and nothing else.
@_exported public import Rayflow
