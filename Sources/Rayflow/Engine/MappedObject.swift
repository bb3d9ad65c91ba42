package import RayflowCore

/// An object that stays where it lies: a view on mapped pages, or on any memory that `owner` keeps.
package struct MappedObject: @unchecked Sendable {
    package let layout: ObjectLayout
    /// The body alone; valid and unchanging while `owner` lives.
    package let body: UnsafeRawBufferPointer
    /// Keeps the pages pinned. Whoever holds `body` holds this.
    package let owner: any AnyObject & Sendable

    package init(layout: ObjectLayout, body: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
        self.layout = layout
        self.body = body
        self.owner = owner
    }

    /// Parses the header of a whole object.
    /// - Parameter object: stays valid and unchanged while `owner` lives.
    package init(object: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) throws(DecodingFault) {
        let layout = try ObjectLayout.parse(object)
        self.init(layout: layout, body: UnsafeRawBufferPointer(rebasing: object[layout.body]), owner: owner)
    }

    /// A copy that does not depend on the pages.
    package var payload: Payload { Payload(form: layout.form, type: layout.type, bytes: Array(body), refs: layout.refs) }
}
