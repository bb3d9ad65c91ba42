// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "rayflow",
    products: [
        .executable(name: "rayflow", targets: ["RayflowMain"]),
        .executable(name: "retrieve", targets: ["Retrieve"]),
        .executable(name: "wordcount", targets: ["WordCount"]),
        .executable(name: "counter", targets: ["CounterApp"]),
        .library(name: "Rayflow", targets: ["Rayflow"]),
        .library(name: "RayflowCLI", targets: ["RayflowCLI"]),
        .library(name: "RayflowFoundation", targets: ["RayflowFoundation"]),
        .library(name: "RayflowTestKit", targets: ["RayflowTestKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .systemLibrary(name: "CLibYAML", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLZ4", providers: [.apt(["liblz4-dev"])]),
        .target(name: "CLinux"),
        .target(name: "RayflowCore"),
        .target(name: "Journal", dependencies: ["RayflowCore", "CLinux"]),
        .target(name: "ObjectStore", dependencies: ["RayflowCore", "CLZ4", "CLinux"]),
        .target(name: "GCS", dependencies: ["RayflowCore", "Journal"]),
        .target(name: "Raylet", dependencies: ["RayflowCore", "ObjectStore", "CLinux"]),
        .target(name: "Ownership", dependencies: ["RayflowCore"]),
        .target(
            name: "Transport",
            dependencies: [
                "RayflowCore", "CLinux",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "Rayflow", dependencies: ["RayflowCore", "Journal", "ObjectStore", "GCS", "Raylet", "Ownership", "Transport", "CLinux"]),
        .target(
            name: "Workflow", dependencies: ["Rayflow", "RayflowCore", "Journal", "Raylet", "Ownership", "CLibYAML", "CLinux"]),
        .target(
            name: "RayflowCLI",
            dependencies: [
                "Rayflow", "Workflow", "Journal", "Raylet", "ObjectStore", "RayflowCore", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "RayflowFoundation", dependencies: ["Rayflow"]),
        .target(
            name: "RayflowTestKit", dependencies: ["Rayflow", "RayflowCore", "Transport", "Raylet", "GCS", "Ownership", "ObjectStore"]),
        .executableTarget(name: "RayflowMain", dependencies: ["RayflowCLI"]),
        // The example programs live beside their workflow files.
        .executableTarget(name: "Retrieve", dependencies: ["Rayflow"], path: "Workflows/retrieve"),
        .executableTarget(
            name: "WordCount", dependencies: ["RayflowCLI"], path: "Workflows/wordcount",
            exclude: ["texts", "wordcount.yaml", "wordcount-swift.yaml"]),
        .executableTarget(
            name: "CounterApp",
            dependencies: ["RayflowCLI", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Workflows/counter", exclude: ["counter.yaml"]),

        .testTarget(name: "RayflowCoreTests", dependencies: ["RayflowCore"]),
        .testTarget(name: "JournalTests", dependencies: ["Journal", "RayflowCore", "CLinux"]),
        .testTarget(name: "ObjectStoreTests", dependencies: ["ObjectStore", "RayflowCore", "CLinux"]),
        .testTarget(name: "GCSTests", dependencies: ["GCS", "Raylet", "Journal", "RayflowCore"]),
        .executableTarget(name: "StepRunnerTool", dependencies: ["Raylet"], path: "Tests/RayletTests/StepRunnerTool"),
        .testTarget(
            name: "RayletTests", dependencies: ["Raylet", "RayflowCore", "ObjectStore", "CLinux", "StepRunnerTool"],
            path: "Tests/RayletTests",
            exclude: ["StepRunnerTool"]),
        .testTarget(name: "OwnershipTests", dependencies: ["Ownership", "RayflowCore"]),
        .testTarget(
            name: "TransportTests",
            dependencies: [
                "Transport", "RayflowCore", "ObjectStore", "CLinux",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        .testTarget(name: "RayflowTests", dependencies: ["Rayflow", "RayflowCore", "RayflowFoundation"]),
        .testTarget(
            name: "RayflowCLITests",
            dependencies: [
                "RayflowCLI", "Rayflow", "RayflowCore", "Workflow", "Journal", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "ClusterTests", dependencies: ["Rayflow", "RayflowTestKit"]),
        .testTarget(name: "SimulationTests", dependencies: ["RayflowTestKit", "RayflowCore"]),
        .executableTarget(name: "SimulationTool", dependencies: ["RayflowTestKit"], path: "Tests/SimulationTool"),
        .target(name: "EngineTestRemotes", dependencies: ["Rayflow"], path: "Tests/EngineTestRemotes"),
        .executableTarget(name: "EngineTestWorker", dependencies: ["EngineTestRemotes", "Rayflow"], path: "Tests/EngineTestWorker"),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "Rayflow", "RayflowCore", "GCS", "ObjectStore", "Ownership", "Raylet", "Transport", "EngineTestRemotes", "EngineTestWorker",
            ]),
        .testTarget(
            name: "CrashTests", dependencies: ["RayflowMain", "Retrieve", "CounterApp", "WordCount", "RayflowCore", "CLinux"]),
        .testTarget(name: "WorkflowTests", dependencies: ["Workflow", "Rayflow", "Raylet", "Journal", "RayflowCore", "CLinux"]),
    ],
    swiftLanguageModes: [.v6]
)

// `RAYFLOW_ONLY=OwnershipTests,RayletTests swift test` builds and runs these test targets alone.
if let only = Context.environment["RAYFLOW_ONLY"]?.split(separator: ",").map(String.init) {
    package.targets.removeAll { $0.type == .test && !only.contains($0.name) }
}

for target in package.targets where target.type != .system && target.name != "CLinux" {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableExperimentalFeature("Lifetimes"),
    ]
}
