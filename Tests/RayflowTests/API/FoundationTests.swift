import Foundation
import Rayflow
import RayflowCore
import RayflowFoundation
import Testing

@Suite("Foundation's types as values")
struct FoundationTests {
    private func again<T: RemoteValue>(_ value: T) throws -> T { try Payload(encoding: value).decode(T.self, in: nil) }

    struct Everything: RemoteValue, Equatable {
        var date: Date
        var url: URL
        var relative: URL?
        var id: UUID
        var data: Data
        var price: Decimal
    }

    @Test("they come back as they were, alone and as fields")
    func roundTrip() throws {
        let date = Date(timeIntervalSinceReferenceDate: 1234.5678), id = UUID(), data = Data((0..<255).map { UInt8($0) })
        let url = try #require(URL(string: "https://example.org/a?b=c#d"))
        let relative = URL(string: "x/y", relativeTo: url)
        let price = try #require(Decimal(string: "12345678901234567890.12345"))
        #expect(try again(date) == date)
        #expect(try again(url) == url)
        #expect(try again(id) == id)
        #expect(try again(data) == data)
        #expect(try again(data.dropFirst(7)) == data.dropFirst(7))
        #expect(try again(price) == price)
        let all = Everything(date: date, url: url, relative: relative, id: id, data: data, price: price)
        #expect(try again(all) == all)
    }
}
