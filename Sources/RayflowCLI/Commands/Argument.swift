import ArgumentParser

// The engine has an `Argument` too, which is seen within this package.
typealias Argument = ArgumentParser.Argument
