import RayflowCore

/// Items while the task runs.
public enum Streamed<Item: RemoteValue>: RemoteOutput {
    public static var _arity: Int { 1 }
    public static var _codecs: [ValueCodec] { [ValueCodec(Item.self)] }
    public static func _refs(_ submitted: Submitted) -> ObjectRefStream<Item> {
        ObjectRefStream(box: StreamBox(submitted.ref(0, Done.self).box))
    }
}
