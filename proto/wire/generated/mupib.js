/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["mupib"] || ($protobuf.roots["mupib"] = {});

export const mupib = $root.mupib = (() => {

    /**
     * Namespace mupib.
     * @exports mupib
     * @namespace
     */
    const mupib = {};

    mupib.ConsensusFrame = (function() {

        /**
         * Properties of a ConsensusFrame.
         * @typedef {Object} mupib.ConsensusFrame.$Properties
         * @property {Uint8Array|null} [proposal] ConsensusFrame proposal
         * @property {Uint8Array|null} [vote] ConsensusFrame vote
         * @property {Uint8Array|null} [certificate] ConsensusFrame certificate
         * @property {mupib.Announcement.$Properties|null} [announcement] ConsensusFrame announcement
         * @property {"proposal"|"vote"|"certificate"|"announcement"} [body] ConsensusFrame body
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ConsensusFrame.
         * @memberof mupib
         * @interface IConsensusFrame
         * @augments mupib.ConsensusFrame.$Properties
         * @deprecated Use mupib.ConsensusFrame.$Properties instead.
         */

        /**
         * Narrowed shape of a ConsensusFrame.
         * @typedef {{
         *   proposal?: Uint8Array|null;
         *   vote?: Uint8Array|null;
         *   certificate?: Uint8Array|null;
         *   announcement?: mupib.Announcement.$Shape|null;
         *   $unknowns?: Array.<Uint8Array>;
         * } & (
         *   ({ body?: undefined; proposal?: null; vote?: null; certificate?: null; announcement?: null }|{ body?: "proposal"; proposal: Uint8Array; vote?: null; certificate?: null; announcement?: null }|{ body?: "vote"; proposal?: null; vote: Uint8Array; certificate?: null; announcement?: null }|{ body?: "certificate"; proposal?: null; vote?: null; certificate: Uint8Array; announcement?: null }|{ body?: "announcement"; proposal?: null; vote?: null; certificate?: null; announcement: mupib.Announcement.$Shape })
         * )} mupib.ConsensusFrame.$Shape
         */

        /**
         * Constructs a new ConsensusFrame.
         * @memberof mupib
         * @classdesc Represents a ConsensusFrame.
         * @constructor
         * @param {mupib.ConsensusFrame.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ConsensusFrame = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ConsensusFrame proposal.
         * @member {Uint8Array|null|undefined} proposal
         * @memberof mupib.ConsensusFrame
         * @instance
         */
        ConsensusFrame.prototype.proposal = null;

        /**
         * ConsensusFrame vote.
         * @member {Uint8Array|null|undefined} vote
         * @memberof mupib.ConsensusFrame
         * @instance
         */
        ConsensusFrame.prototype.vote = null;

        /**
         * ConsensusFrame certificate.
         * @member {Uint8Array|null|undefined} certificate
         * @memberof mupib.ConsensusFrame
         * @instance
         */
        ConsensusFrame.prototype.certificate = null;

        /**
         * ConsensusFrame announcement.
         * @member {mupib.Announcement.$Properties|null|undefined} announcement
         * @memberof mupib.ConsensusFrame
         * @instance
         */
        ConsensusFrame.prototype.announcement = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        /**
         * ConsensusFrame body.
         * @member {"proposal"|"vote"|"certificate"|"announcement"|undefined} body
         * @memberof mupib.ConsensusFrame
         * @instance
         */
        $Object.defineProperty(ConsensusFrame.prototype, "body", {
            get: $util.oneOfGetter($oneOfFields = ["proposal", "vote", "certificate", "announcement"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified ConsensusFrame message. Does not implicitly {@link mupib.ConsensusFrame.verify|verify} messages.
         * @function encode
         * @memberof mupib.ConsensusFrame
         * @static
         * @param {mupib.ConsensusFrame.$Properties} message ConsensusFrame message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ConsensusFrame.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.proposal != null && $Object.hasOwnProperty.call(message, "proposal"))
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.proposal);
            if (message.vote != null && $Object.hasOwnProperty.call(message, "vote"))
                writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.vote);
            if (message.certificate != null && $Object.hasOwnProperty.call(message, "certificate"))
                writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.certificate);
            if (message.announcement != null && $Object.hasOwnProperty.call(message, "announcement"))
                $root.mupib.Announcement.encode(message.announcement, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ConsensusFrame message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.ConsensusFrame
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.ConsensusFrame & mupib.ConsensusFrame.$Shape} ConsensusFrame
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ConsensusFrame.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.ConsensusFrame();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.proposal = reader.bytes();
                        message.body = "proposal";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.vote = reader.bytes();
                        message.body = "vote";
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.certificate = reader.bytes();
                        message.body = "certificate";
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.announcement = $root.mupib.Announcement.decode(reader, reader.size(), $undefined, _depth + 1, message.announcement);
                        message.body = "announcement";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ConsensusFrame;
    })();

    mupib.Announcement = (function() {

        /**
         * Properties of an Announcement.
         * @typedef {Object} mupib.Announcement.$Properties
         * @property {Uint8Array|null} [digests] Announcement digests
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of an Announcement.
         * @memberof mupib
         * @interface IAnnouncement
         * @augments mupib.Announcement.$Properties
         * @deprecated Use mupib.Announcement.$Properties instead.
         */

        /**
         * Shape of an Announcement.
         * @typedef {mupib.Announcement.$Properties} mupib.Announcement.$Shape
         */

        /**
         * Constructs a new Announcement.
         * @memberof mupib
         * @classdesc Represents an Announcement.
         * @constructor
         * @param {mupib.Announcement.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Announcement = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Announcement digests.
         * @member {Uint8Array} digests
         * @memberof mupib.Announcement
         * @instance
         */
        Announcement.prototype.digests = $util.newBuffer([]);

        /**
         * Encodes the specified Announcement message. Does not implicitly {@link mupib.Announcement.verify|verify} messages.
         * @function encode
         * @memberof mupib.Announcement
         * @static
         * @param {mupib.Announcement.$Properties} message Announcement message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Announcement.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.digests != null && $Object.hasOwnProperty.call(message, "digests") && message.digests.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.digests);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes an Announcement message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Announcement
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Announcement & mupib.Announcement.$Shape} Announcement
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Announcement.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Announcement();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.digests = value;
                        else
                            delete message.digests;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Announcement;
    })();

    mupib.FetchRequest = (function() {

        /**
         * Properties of a FetchRequest.
         * @typedef {Object} mupib.FetchRequest.$Properties
         * @property {Uint8Array|null} [records] FetchRequest records
         * @property {Uint8Array|null} [block] FetchRequest block
         * @property {number|Long|null} [certificates] FetchRequest certificates
         * @property {mupib.Range.$Properties|null} [range] FetchRequest range
         * @property {number|null} [heldVotes] FetchRequest heldVotes
         * @property {"records"|"block"|"certificates"|"range"|"heldVotes"} [body] FetchRequest body
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a FetchRequest.
         * @memberof mupib
         * @interface IFetchRequest
         * @augments mupib.FetchRequest.$Properties
         * @deprecated Use mupib.FetchRequest.$Properties instead.
         */

        /**
         * Narrowed shape of a FetchRequest.
         * @typedef {{
         *   records?: Uint8Array|null;
         *   block?: Uint8Array|null;
         *   certificates?: number|Long|null;
         *   range?: mupib.Range.$Shape|null;
         *   heldVotes?: number|null;
         *   $unknowns?: Array.<Uint8Array>;
         * } & (
         *   ({ body?: undefined; records?: null; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "records"; records: Uint8Array; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "block"; records?: null; block: Uint8Array; certificates?: null; range?: null; heldVotes?: null }|{ body?: "certificates"; records?: null; block?: null; certificates: number|Long; range?: null; heldVotes?: null }|{ body?: "range"; records?: null; block?: null; certificates?: null; range: mupib.Range.$Shape; heldVotes?: null }|{ body?: "heldVotes"; records?: null; block?: null; certificates?: null; range?: null; heldVotes: number })
         * )} mupib.FetchRequest.$Shape
         */

        /**
         * Constructs a new FetchRequest.
         * @memberof mupib
         * @classdesc Represents a FetchRequest.
         * @constructor
         * @param {mupib.FetchRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const FetchRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * FetchRequest records.
         * @member {Uint8Array|null|undefined} records
         * @memberof mupib.FetchRequest
         * @instance
         */
        FetchRequest.prototype.records = null;

        /**
         * FetchRequest block.
         * @member {Uint8Array|null|undefined} block
         * @memberof mupib.FetchRequest
         * @instance
         */
        FetchRequest.prototype.block = null;

        /**
         * FetchRequest certificates.
         * @member {number|Long|null|undefined} certificates
         * @memberof mupib.FetchRequest
         * @instance
         */
        FetchRequest.prototype.certificates = null;

        /**
         * FetchRequest range.
         * @member {mupib.Range.$Properties|null|undefined} range
         * @memberof mupib.FetchRequest
         * @instance
         */
        FetchRequest.prototype.range = null;

        /**
         * FetchRequest heldVotes.
         * @member {number|null|undefined} heldVotes
         * @memberof mupib.FetchRequest
         * @instance
         */
        FetchRequest.prototype.heldVotes = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        /**
         * FetchRequest body.
         * @member {"records"|"block"|"certificates"|"range"|"heldVotes"|undefined} body
         * @memberof mupib.FetchRequest
         * @instance
         */
        $Object.defineProperty(FetchRequest.prototype, "body", {
            get: $util.oneOfGetter($oneOfFields = ["records", "block", "certificates", "range", "heldVotes"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified FetchRequest message. Does not implicitly {@link mupib.FetchRequest.verify|verify} messages.
         * @function encode
         * @memberof mupib.FetchRequest
         * @static
         * @param {mupib.FetchRequest.$Properties} message FetchRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        FetchRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.records != null && $Object.hasOwnProperty.call(message, "records"))
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.records);
            if (message.block != null && $Object.hasOwnProperty.call(message, "block"))
                writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.block);
            if (message.certificates != null && $Object.hasOwnProperty.call(message, "certificates"))
                writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.certificates);
            if (message.range != null && $Object.hasOwnProperty.call(message, "range"))
                $root.mupib.Range.encode(message.range, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
            if (message.heldVotes != null && $Object.hasOwnProperty.call(message, "heldVotes"))
                writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.heldVotes);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a FetchRequest message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.FetchRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.FetchRequest & mupib.FetchRequest.$Shape} FetchRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        FetchRequest.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.FetchRequest();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.records = reader.bytes();
                        message.body = "records";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.block = reader.bytes();
                        message.body = "block";
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        message.certificates = reader.uint64();
                        message.body = "certificates";
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.range = $root.mupib.Range.decode(reader, reader.size(), $undefined, _depth + 1, message.range);
                        message.body = "range";
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        message.heldVotes = reader.uint32();
                        message.body = "heldVotes";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return FetchRequest;
    })();

    mupib.Range = (function() {

        /**
         * Properties of a Range.
         * @typedef {Object} mupib.Range.$Properties
         * @property {number|Long|null} [fromHeight] Range fromHeight
         * @property {number|null} [maxBlocks] Range maxBlocks
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Range.
         * @memberof mupib
         * @interface IRange
         * @augments mupib.Range.$Properties
         * @deprecated Use mupib.Range.$Properties instead.
         */

        /**
         * Shape of a Range.
         * @typedef {mupib.Range.$Properties} mupib.Range.$Shape
         */

        /**
         * Constructs a new Range.
         * @memberof mupib
         * @classdesc Represents a Range.
         * @constructor
         * @param {mupib.Range.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Range = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Range fromHeight.
         * @member {number|Long} fromHeight
         * @memberof mupib.Range
         * @instance
         */
        Range.prototype.fromHeight = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * Range maxBlocks.
         * @member {number} maxBlocks
         * @memberof mupib.Range
         * @instance
         */
        Range.prototype.maxBlocks = 0;

        /**
         * Encodes the specified Range message. Does not implicitly {@link mupib.Range.verify|verify} messages.
         * @function encode
         * @memberof mupib.Range
         * @static
         * @param {mupib.Range.$Properties} message Range message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Range.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.fromHeight != null && $Object.hasOwnProperty.call(message, "fromHeight") && (typeof message.fromHeight === "object" ? message.fromHeight.low || message.fromHeight.high : message.fromHeight !== 0))
                writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.fromHeight);
            if (message.maxBlocks != null && $Object.hasOwnProperty.call(message, "maxBlocks") && message.maxBlocks !== 0)
                writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.maxBlocks);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Range message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Range
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Range & mupib.Range.$Shape} Range
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Range.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Range();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.fromHeight = value;
                        else
                            delete message.fromHeight;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.maxBlocks = value;
                        else
                            delete message.maxBlocks;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Range;
    })();

    mupib.FetchResponse = (function() {

        /**
         * Properties of a FetchResponse.
         * @typedef {Object} mupib.FetchResponse.$Properties
         * @property {mupib.RecordList.$Properties|null} [records] FetchResponse records
         * @property {mupib.Found.$Properties|null} [block] FetchResponse block
         * @property {mupib.CertificateList.$Properties|null} [certificates] FetchResponse certificates
         * @property {mupib.FinalRange.$Properties|null} [range] FetchResponse range
         * @property {mupib.HeldVotes.$Properties|null} [heldVotes] FetchResponse heldVotes
         * @property {"records"|"block"|"certificates"|"range"|"heldVotes"} [body] FetchResponse body
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a FetchResponse.
         * @memberof mupib
         * @interface IFetchResponse
         * @augments mupib.FetchResponse.$Properties
         * @deprecated Use mupib.FetchResponse.$Properties instead.
         */

        /**
         * Narrowed shape of a FetchResponse.
         * @typedef {{
         *   records?: mupib.RecordList.$Shape|null;
         *   block?: mupib.Found.$Shape|null;
         *   certificates?: mupib.CertificateList.$Shape|null;
         *   range?: mupib.FinalRange.$Shape|null;
         *   heldVotes?: mupib.HeldVotes.$Shape|null;
         *   $unknowns?: Array.<Uint8Array>;
         * } & (
         *   ({ body?: undefined; records?: null; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "records"; records: mupib.RecordList.$Shape; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "block"; records?: null; block: mupib.Found.$Shape; certificates?: null; range?: null; heldVotes?: null }|{ body?: "certificates"; records?: null; block?: null; certificates: mupib.CertificateList.$Shape; range?: null; heldVotes?: null }|{ body?: "range"; records?: null; block?: null; certificates?: null; range: mupib.FinalRange.$Shape; heldVotes?: null }|{ body?: "heldVotes"; records?: null; block?: null; certificates?: null; range?: null; heldVotes: mupib.HeldVotes.$Shape })
         * )} mupib.FetchResponse.$Shape
         */

        /**
         * Constructs a new FetchResponse.
         * @memberof mupib
         * @classdesc Represents a FetchResponse.
         * @constructor
         * @param {mupib.FetchResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const FetchResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * FetchResponse records.
         * @member {mupib.RecordList.$Properties|null|undefined} records
         * @memberof mupib.FetchResponse
         * @instance
         */
        FetchResponse.prototype.records = null;

        /**
         * FetchResponse block.
         * @member {mupib.Found.$Properties|null|undefined} block
         * @memberof mupib.FetchResponse
         * @instance
         */
        FetchResponse.prototype.block = null;

        /**
         * FetchResponse certificates.
         * @member {mupib.CertificateList.$Properties|null|undefined} certificates
         * @memberof mupib.FetchResponse
         * @instance
         */
        FetchResponse.prototype.certificates = null;

        /**
         * FetchResponse range.
         * @member {mupib.FinalRange.$Properties|null|undefined} range
         * @memberof mupib.FetchResponse
         * @instance
         */
        FetchResponse.prototype.range = null;

        /**
         * FetchResponse heldVotes.
         * @member {mupib.HeldVotes.$Properties|null|undefined} heldVotes
         * @memberof mupib.FetchResponse
         * @instance
         */
        FetchResponse.prototype.heldVotes = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        /**
         * FetchResponse body.
         * @member {"records"|"block"|"certificates"|"range"|"heldVotes"|undefined} body
         * @memberof mupib.FetchResponse
         * @instance
         */
        $Object.defineProperty(FetchResponse.prototype, "body", {
            get: $util.oneOfGetter($oneOfFields = ["records", "block", "certificates", "range", "heldVotes"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified FetchResponse message. Does not implicitly {@link mupib.FetchResponse.verify|verify} messages.
         * @function encode
         * @memberof mupib.FetchResponse
         * @static
         * @param {mupib.FetchResponse.$Properties} message FetchResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        FetchResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.records != null && $Object.hasOwnProperty.call(message, "records"))
                $root.mupib.RecordList.encode(message.records, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
            if (message.block != null && $Object.hasOwnProperty.call(message, "block"))
                $root.mupib.Found.encode(message.block, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.certificates != null && $Object.hasOwnProperty.call(message, "certificates"))
                $root.mupib.CertificateList.encode(message.certificates, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
            if (message.range != null && $Object.hasOwnProperty.call(message, "range"))
                $root.mupib.FinalRange.encode(message.range, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
            if (message.heldVotes != null && $Object.hasOwnProperty.call(message, "heldVotes"))
                $root.mupib.HeldVotes.encode(message.heldVotes, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a FetchResponse message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.FetchResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.FetchResponse & mupib.FetchResponse.$Shape} FetchResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        FetchResponse.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.FetchResponse();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.records = $root.mupib.RecordList.decode(reader, reader.size(), $undefined, _depth + 1, message.records);
                        message.body = "records";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.block = $root.mupib.Found.decode(reader, reader.size(), $undefined, _depth + 1, message.block);
                        message.body = "block";
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.certificates = $root.mupib.CertificateList.decode(reader, reader.size(), $undefined, _depth + 1, message.certificates);
                        message.body = "certificates";
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.range = $root.mupib.FinalRange.decode(reader, reader.size(), $undefined, _depth + 1, message.range);
                        message.body = "range";
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        message.heldVotes = $root.mupib.HeldVotes.decode(reader, reader.size(), $undefined, _depth + 1, message.heldVotes);
                        message.body = "heldVotes";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return FetchResponse;
    })();

    mupib.RecordList = (function() {

        /**
         * Properties of a RecordList.
         * @typedef {Object} mupib.RecordList.$Properties
         * @property {Array.<Uint8Array>|null} [records] RecordList records
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a RecordList.
         * @memberof mupib
         * @interface IRecordList
         * @augments mupib.RecordList.$Properties
         * @deprecated Use mupib.RecordList.$Properties instead.
         */

        /**
         * Shape of a RecordList.
         * @typedef {mupib.RecordList.$Properties} mupib.RecordList.$Shape
         */

        /**
         * Constructs a new RecordList.
         * @memberof mupib
         * @classdesc Represents a RecordList.
         * @constructor
         * @param {mupib.RecordList.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const RecordList = function (properties) {
            this.records = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * RecordList records.
         * @member {Array.<Uint8Array>} records
         * @memberof mupib.RecordList
         * @instance
         */
        RecordList.prototype.records = $util.emptyArray;

        /**
         * Encodes the specified RecordList message. Does not implicitly {@link mupib.RecordList.verify|verify} messages.
         * @function encode
         * @memberof mupib.RecordList
         * @static
         * @param {mupib.RecordList.$Properties} message RecordList message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        RecordList.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.records != null && message.records.length)
                for (let i = 0; i < message.records.length; ++i)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.records[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a RecordList message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.RecordList
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.RecordList & mupib.RecordList.$Shape} RecordList
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        RecordList.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.RecordList();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.records && message.records.length))
                            message.records = [];
                        message.records.push(reader.bytes());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RecordList;
    })();

    mupib.Found = (function() {

        /**
         * Properties of a Found.
         * @typedef {Object} mupib.Found.$Properties
         * @property {Uint8Array|null} [block] Found block
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Found.
         * @memberof mupib
         * @interface IFound
         * @augments mupib.Found.$Properties
         * @deprecated Use mupib.Found.$Properties instead.
         */

        /**
         * Shape of a Found.
         * @typedef {mupib.Found.$Properties} mupib.Found.$Shape
         */

        /**
         * Constructs a new Found.
         * @memberof mupib
         * @classdesc Represents a Found.
         * @constructor
         * @param {mupib.Found.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Found = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Found block.
         * @member {Uint8Array|null|undefined} block
         * @memberof mupib.Found
         * @instance
         */
        Found.prototype.block = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        // Virtual OneOf for proto3 optional field
        $Object.defineProperty(Found.prototype, "_block", {
            get: $util.oneOfGetter($oneOfFields = ["block"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified Found message. Does not implicitly {@link mupib.Found.verify|verify} messages.
         * @function encode
         * @memberof mupib.Found
         * @static
         * @param {mupib.Found.$Properties} message Found message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Found.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.block != null && $Object.hasOwnProperty.call(message, "block"))
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.block);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Found message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Found
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Found & mupib.Found.$Shape} Found
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Found.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Found();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.block = reader.bytes();
                        message._block = "block";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Found;
    })();

    mupib.CertificateList = (function() {

        /**
         * Properties of a CertificateList.
         * @typedef {Object} mupib.CertificateList.$Properties
         * @property {Array.<Uint8Array>|null} [certificates] CertificateList certificates
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a CertificateList.
         * @memberof mupib
         * @interface ICertificateList
         * @augments mupib.CertificateList.$Properties
         * @deprecated Use mupib.CertificateList.$Properties instead.
         */

        /**
         * Shape of a CertificateList.
         * @typedef {mupib.CertificateList.$Properties} mupib.CertificateList.$Shape
         */

        /**
         * Constructs a new CertificateList.
         * @memberof mupib
         * @classdesc Represents a CertificateList.
         * @constructor
         * @param {mupib.CertificateList.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const CertificateList = function (properties) {
            this.certificates = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * CertificateList certificates.
         * @member {Array.<Uint8Array>} certificates
         * @memberof mupib.CertificateList
         * @instance
         */
        CertificateList.prototype.certificates = $util.emptyArray;

        /**
         * Encodes the specified CertificateList message. Does not implicitly {@link mupib.CertificateList.verify|verify} messages.
         * @function encode
         * @memberof mupib.CertificateList
         * @static
         * @param {mupib.CertificateList.$Properties} message CertificateList message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        CertificateList.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.certificates != null && message.certificates.length)
                for (let i = 0; i < message.certificates.length; ++i)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.certificates[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a CertificateList message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.CertificateList
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.CertificateList & mupib.CertificateList.$Shape} CertificateList
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        CertificateList.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.CertificateList();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.certificates && message.certificates.length))
                            message.certificates = [];
                        message.certificates.push(reader.bytes());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return CertificateList;
    })();

    mupib.FinalRange = (function() {

        /**
         * Properties of a FinalRange.
         * @typedef {Object} mupib.FinalRange.$Properties
         * @property {Array.<mupib.FinalBlock.$Properties>|null} [blocks] FinalRange blocks
         * @property {Uint8Array|null} [certificate] FinalRange certificate
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a FinalRange.
         * @memberof mupib
         * @interface IFinalRange
         * @augments mupib.FinalRange.$Properties
         * @deprecated Use mupib.FinalRange.$Properties instead.
         */

        /**
         * Shape of a FinalRange.
         * @typedef {mupib.FinalRange.$Properties} mupib.FinalRange.$Shape
         */

        /**
         * Constructs a new FinalRange.
         * @memberof mupib
         * @classdesc Represents a FinalRange.
         * @constructor
         * @param {mupib.FinalRange.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const FinalRange = function (properties) {
            this.blocks = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * FinalRange blocks.
         * @member {Array.<mupib.FinalBlock.$Properties>} blocks
         * @memberof mupib.FinalRange
         * @instance
         */
        FinalRange.prototype.blocks = $util.emptyArray;

        /**
         * FinalRange certificate.
         * @member {Uint8Array|null|undefined} certificate
         * @memberof mupib.FinalRange
         * @instance
         */
        FinalRange.prototype.certificate = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        // Virtual OneOf for proto3 optional field
        $Object.defineProperty(FinalRange.prototype, "_certificate", {
            get: $util.oneOfGetter($oneOfFields = ["certificate"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified FinalRange message. Does not implicitly {@link mupib.FinalRange.verify|verify} messages.
         * @function encode
         * @memberof mupib.FinalRange
         * @static
         * @param {mupib.FinalRange.$Properties} message FinalRange message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        FinalRange.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.blocks != null && message.blocks.length)
                for (let i = 0; i < message.blocks.length; ++i)
                    $root.mupib.FinalBlock.encode(message.blocks[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
            if (message.certificate != null && $Object.hasOwnProperty.call(message, "certificate"))
                writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.certificate);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a FinalRange message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.FinalRange
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.FinalRange & mupib.FinalRange.$Shape} FinalRange
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        FinalRange.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.FinalRange();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.blocks && message.blocks.length))
                            message.blocks = [];
                        message.blocks.push($root.mupib.FinalBlock.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.certificate = reader.bytes();
                        message._certificate = "certificate";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return FinalRange;
    })();

    mupib.FinalBlock = (function() {

        /**
         * Properties of a FinalBlock.
         * @typedef {Object} mupib.FinalBlock.$Properties
         * @property {Uint8Array|null} [block] FinalBlock block
         * @property {Array.<Uint8Array>|null} [records] FinalBlock records
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a FinalBlock.
         * @memberof mupib
         * @interface IFinalBlock
         * @augments mupib.FinalBlock.$Properties
         * @deprecated Use mupib.FinalBlock.$Properties instead.
         */

        /**
         * Shape of a FinalBlock.
         * @typedef {mupib.FinalBlock.$Properties} mupib.FinalBlock.$Shape
         */

        /**
         * Constructs a new FinalBlock.
         * @memberof mupib
         * @classdesc Represents a FinalBlock.
         * @constructor
         * @param {mupib.FinalBlock.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const FinalBlock = function (properties) {
            this.records = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * FinalBlock block.
         * @member {Uint8Array} block
         * @memberof mupib.FinalBlock
         * @instance
         */
        FinalBlock.prototype.block = $util.newBuffer([]);

        /**
         * FinalBlock records.
         * @member {Array.<Uint8Array>} records
         * @memberof mupib.FinalBlock
         * @instance
         */
        FinalBlock.prototype.records = $util.emptyArray;

        /**
         * Encodes the specified FinalBlock message. Does not implicitly {@link mupib.FinalBlock.verify|verify} messages.
         * @function encode
         * @memberof mupib.FinalBlock
         * @static
         * @param {mupib.FinalBlock.$Properties} message FinalBlock message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        FinalBlock.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.block != null && $Object.hasOwnProperty.call(message, "block") && message.block.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.block);
            if (message.records != null && message.records.length)
                for (let i = 0; i < message.records.length; ++i)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.records[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a FinalBlock message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.FinalBlock
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.FinalBlock & mupib.FinalBlock.$Shape} FinalBlock
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        FinalBlock.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.FinalBlock();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.block = value;
                        else
                            delete message.block;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.records && message.records.length))
                            message.records = [];
                        message.records.push(reader.bytes());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return FinalBlock;
    })();

    mupib.HeldVotes = (function() {

        /**
         * Properties of a HeldVotes.
         * @typedef {Object} mupib.HeldVotes.$Properties
         * @property {number|Long|null} [view] HeldVotes view
         * @property {Array.<Uint8Array>|null} [votes] HeldVotes votes
         * @property {Uint8Array|null} [proposal] HeldVotes proposal
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a HeldVotes.
         * @memberof mupib
         * @interface IHeldVotes
         * @augments mupib.HeldVotes.$Properties
         * @deprecated Use mupib.HeldVotes.$Properties instead.
         */

        /**
         * Shape of a HeldVotes.
         * @typedef {mupib.HeldVotes.$Properties} mupib.HeldVotes.$Shape
         */

        /**
         * Constructs a new HeldVotes.
         * @memberof mupib
         * @classdesc Represents a HeldVotes.
         * @constructor
         * @param {mupib.HeldVotes.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const HeldVotes = function (properties) {
            this.votes = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * HeldVotes view.
         * @member {number|Long|null|undefined} view
         * @memberof mupib.HeldVotes
         * @instance
         */
        HeldVotes.prototype.view = null;

        /**
         * HeldVotes votes.
         * @member {Array.<Uint8Array>} votes
         * @memberof mupib.HeldVotes
         * @instance
         */
        HeldVotes.prototype.votes = $util.emptyArray;

        /**
         * HeldVotes proposal.
         * @member {Uint8Array|null|undefined} proposal
         * @memberof mupib.HeldVotes
         * @instance
         */
        HeldVotes.prototype.proposal = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        // Virtual OneOf for proto3 optional field
        $Object.defineProperty(HeldVotes.prototype, "_view", {
            get: $util.oneOfGetter($oneOfFields = ["view"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        // Virtual OneOf for proto3 optional field
        $Object.defineProperty(HeldVotes.prototype, "_proposal", {
            get: $util.oneOfGetter($oneOfFields = ["proposal"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified HeldVotes message. Does not implicitly {@link mupib.HeldVotes.verify|verify} messages.
         * @function encode
         * @memberof mupib.HeldVotes
         * @static
         * @param {mupib.HeldVotes.$Properties} message HeldVotes message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        HeldVotes.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.view != null && $Object.hasOwnProperty.call(message, "view"))
                writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.view);
            if (message.votes != null && message.votes.length)
                for (let i = 0; i < message.votes.length; ++i)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.votes[i]);
            if (message.proposal != null && $Object.hasOwnProperty.call(message, "proposal"))
                writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.proposal);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a HeldVotes message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.HeldVotes
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.HeldVotes & mupib.HeldVotes.$Shape} HeldVotes
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        HeldVotes.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.HeldVotes();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        message.view = reader.uint64();
                        message._view = "view";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.votes && message.votes.length))
                            message.votes = [];
                        message.votes.push(reader.bytes());
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.proposal = reader.bytes();
                        message._proposal = "proposal";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return HeldVotes;
    })();

    mupib.ClientFrame = (function() {

        /**
         * Properties of a ClientFrame.
         * @typedef {Object} mupib.ClientFrame.$Properties
         * @property {number|null} [id] ClientFrame id
         * @property {mupib.Submit.$Properties|null} [submit] ClientFrame submit
         * @property {mupib.Received.$Properties|null} [received] ClientFrame received
         * @property {Uint8Array|null} [queryRecord] ClientFrame queryRecord
         * @property {mupib.Stream.$Properties|null} [queryStream] ClientFrame queryStream
         * @property {mupib.StreamHead.$Properties|null} [streamHead] ClientFrame streamHead
         * @property {mupib.RecordAnswer.$Properties|null} [answer] ClientFrame answer
         * @property {mupib.Follow.$Properties|null} [follow] ClientFrame follow
         * @property {number|Long|null} [followed] ClientFrame followed
         * @property {mupib.Cancel.$Properties|null} [cancel] ClientFrame cancel
         * @property {mupib.QueryStatus.$Properties|null} [queryStatus] ClientFrame queryStatus
         * @property {mupib.Status.$Properties|null} [status] ClientFrame status
         * @property {mupib.Failure.$Properties|null} [failure] ClientFrame failure
         * @property {Uint8Array|null} [fetchRecord] ClientFrame fetchRecord
         * @property {mupib.FetchedRecord.$Properties|null} [record] ClientFrame record
         * @property {"submit"|"received"|"queryRecord"|"queryStream"|"streamHead"|"answer"|"follow"|"followed"|"cancel"|"queryStatus"|"status"|"failure"|"fetchRecord"|"record"} [body] ClientFrame body
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ClientFrame.
         * @memberof mupib
         * @interface IClientFrame
         * @augments mupib.ClientFrame.$Properties
         * @deprecated Use mupib.ClientFrame.$Properties instead.
         */

        /**
         * Narrowed shape of a ClientFrame.
         * @typedef {{
         *   id?: number|null;
         *   submit?: mupib.Submit.$Shape|null;
         *   received?: mupib.Received.$Shape|null;
         *   queryRecord?: Uint8Array|null;
         *   queryStream?: mupib.Stream.$Shape|null;
         *   streamHead?: mupib.StreamHead.$Shape|null;
         *   answer?: mupib.RecordAnswer.$Shape|null;
         *   follow?: mupib.Follow.$Shape|null;
         *   followed?: number|Long|null;
         *   cancel?: mupib.Cancel.$Shape|null;
         *   queryStatus?: mupib.QueryStatus.$Shape|null;
         *   status?: mupib.Status.$Shape|null;
         *   failure?: mupib.Failure.$Shape|null;
         *   fetchRecord?: Uint8Array|null;
         *   record?: mupib.FetchedRecord.$Shape|null;
         *   $unknowns?: Array.<Uint8Array>;
         * } & (
         *   ({ body?: undefined; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "submit"; submit: mupib.Submit.$Shape; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "received"; submit?: null; received: mupib.Received.$Shape; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "queryRecord"; submit?: null; received?: null; queryRecord: Uint8Array; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "queryStream"; submit?: null; received?: null; queryRecord?: null; queryStream: mupib.Stream.$Shape; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "streamHead"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead: mupib.StreamHead.$Shape; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "answer"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer: mupib.RecordAnswer.$Shape; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "follow"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow: mupib.Follow.$Shape; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "followed"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed: number|Long; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "cancel"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel: mupib.Cancel.$Shape; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "queryStatus"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus: mupib.QueryStatus.$Shape; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "status"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status: mupib.Status.$Shape; failure?: null; fetchRecord?: null; record?: null }|{ body?: "failure"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure: mupib.Failure.$Shape; fetchRecord?: null; record?: null }|{ body?: "fetchRecord"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord: Uint8Array; record?: null }|{ body?: "record"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record: mupib.FetchedRecord.$Shape })
         * )} mupib.ClientFrame.$Shape
         */

        /**
         * Constructs a new ClientFrame.
         * @memberof mupib
         * @classdesc Represents a ClientFrame.
         * @constructor
         * @param {mupib.ClientFrame.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ClientFrame = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ClientFrame id.
         * @member {number} id
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.id = 0;

        /**
         * ClientFrame submit.
         * @member {mupib.Submit.$Properties|null|undefined} submit
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.submit = null;

        /**
         * ClientFrame received.
         * @member {mupib.Received.$Properties|null|undefined} received
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.received = null;

        /**
         * ClientFrame queryRecord.
         * @member {Uint8Array|null|undefined} queryRecord
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.queryRecord = null;

        /**
         * ClientFrame queryStream.
         * @member {mupib.Stream.$Properties|null|undefined} queryStream
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.queryStream = null;

        /**
         * ClientFrame streamHead.
         * @member {mupib.StreamHead.$Properties|null|undefined} streamHead
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.streamHead = null;

        /**
         * ClientFrame answer.
         * @member {mupib.RecordAnswer.$Properties|null|undefined} answer
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.answer = null;

        /**
         * ClientFrame follow.
         * @member {mupib.Follow.$Properties|null|undefined} follow
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.follow = null;

        /**
         * ClientFrame followed.
         * @member {number|Long|null|undefined} followed
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.followed = null;

        /**
         * ClientFrame cancel.
         * @member {mupib.Cancel.$Properties|null|undefined} cancel
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.cancel = null;

        /**
         * ClientFrame queryStatus.
         * @member {mupib.QueryStatus.$Properties|null|undefined} queryStatus
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.queryStatus = null;

        /**
         * ClientFrame status.
         * @member {mupib.Status.$Properties|null|undefined} status
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.status = null;

        /**
         * ClientFrame failure.
         * @member {mupib.Failure.$Properties|null|undefined} failure
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.failure = null;

        /**
         * ClientFrame fetchRecord.
         * @member {Uint8Array|null|undefined} fetchRecord
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.fetchRecord = null;

        /**
         * ClientFrame record.
         * @member {mupib.FetchedRecord.$Properties|null|undefined} record
         * @memberof mupib.ClientFrame
         * @instance
         */
        ClientFrame.prototype.record = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        /**
         * ClientFrame body.
         * @member {"submit"|"received"|"queryRecord"|"queryStream"|"streamHead"|"answer"|"follow"|"followed"|"cancel"|"queryStatus"|"status"|"failure"|"fetchRecord"|"record"|undefined} body
         * @memberof mupib.ClientFrame
         * @instance
         */
        $Object.defineProperty(ClientFrame.prototype, "body", {
            get: $util.oneOfGetter($oneOfFields = ["submit", "received", "queryRecord", "queryStream", "streamHead", "answer", "follow", "followed", "cancel", "queryStatus", "status", "failure", "fetchRecord", "record"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified ClientFrame message. Does not implicitly {@link mupib.ClientFrame.verify|verify} messages.
         * @function encode
         * @memberof mupib.ClientFrame
         * @static
         * @param {mupib.ClientFrame.$Properties} message ClientFrame message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ClientFrame.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.submit != null && $Object.hasOwnProperty.call(message, "submit"))
                $root.mupib.Submit.encode(message.submit, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.received != null && $Object.hasOwnProperty.call(message, "received"))
                $root.mupib.Received.encode(message.received, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
            if (message.queryRecord != null && $Object.hasOwnProperty.call(message, "queryRecord"))
                writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.queryRecord);
            if (message.queryStream != null && $Object.hasOwnProperty.call(message, "queryStream"))
                $root.mupib.Stream.encode(message.queryStream, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.streamHead != null && $Object.hasOwnProperty.call(message, "streamHead"))
                $root.mupib.StreamHead.encode(message.streamHead, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.answer != null && $Object.hasOwnProperty.call(message, "answer"))
                $root.mupib.RecordAnswer.encode(message.answer, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
            if (message.follow != null && $Object.hasOwnProperty.call(message, "follow"))
                $root.mupib.Follow.encode(message.follow, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
            if (message.followed != null && $Object.hasOwnProperty.call(message, "followed"))
                writer.uint32(/* id 9, wireType 0 =*/72).uint64(message.followed);
            if (message.cancel != null && $Object.hasOwnProperty.call(message, "cancel"))
                $root.mupib.Cancel.encode(message.cancel, writer.uint32(/* id 10, wireType 2 =*/82).fork(), _depth + 1).ldelim();
            if (message.queryStatus != null && $Object.hasOwnProperty.call(message, "queryStatus"))
                $root.mupib.QueryStatus.encode(message.queryStatus, writer.uint32(/* id 11, wireType 2 =*/90).fork(), _depth + 1).ldelim();
            if (message.status != null && $Object.hasOwnProperty.call(message, "status"))
                $root.mupib.Status.encode(message.status, writer.uint32(/* id 12, wireType 2 =*/98).fork(), _depth + 1).ldelim();
            if (message.failure != null && $Object.hasOwnProperty.call(message, "failure"))
                $root.mupib.Failure.encode(message.failure, writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
            if (message.fetchRecord != null && $Object.hasOwnProperty.call(message, "fetchRecord"))
                writer.uint32(/* id 14, wireType 2 =*/114).bytes(message.fetchRecord);
            if (message.record != null && $Object.hasOwnProperty.call(message, "record"))
                $root.mupib.FetchedRecord.encode(message.record, writer.uint32(/* id 15, wireType 2 =*/122).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ClientFrame message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.ClientFrame
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.ClientFrame & mupib.ClientFrame.$Shape} ClientFrame
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ClientFrame.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.ClientFrame();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.submit = $root.mupib.Submit.decode(reader, reader.size(), $undefined, _depth + 1, message.submit);
                        message.body = "submit";
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.received = $root.mupib.Received.decode(reader, reader.size(), $undefined, _depth + 1, message.received);
                        message.body = "received";
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.queryRecord = reader.bytes();
                        message.body = "queryRecord";
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        message.queryStream = $root.mupib.Stream.decode(reader, reader.size(), $undefined, _depth + 1, message.queryStream);
                        message.body = "queryStream";
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        message.streamHead = $root.mupib.StreamHead.decode(reader, reader.size(), $undefined, _depth + 1, message.streamHead);
                        message.body = "streamHead";
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        message.answer = $root.mupib.RecordAnswer.decode(reader, reader.size(), $undefined, _depth + 1, message.answer);
                        message.body = "answer";
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        message.follow = $root.mupib.Follow.decode(reader, reader.size(), $undefined, _depth + 1, message.follow);
                        message.body = "follow";
                        continue;
                    }
                case 9: {
                        if (wireType !== 0)
                            break;
                        message.followed = reader.uint64();
                        message.body = "followed";
                        continue;
                    }
                case 10: {
                        if (wireType !== 2)
                            break;
                        message.cancel = $root.mupib.Cancel.decode(reader, reader.size(), $undefined, _depth + 1, message.cancel);
                        message.body = "cancel";
                        continue;
                    }
                case 11: {
                        if (wireType !== 2)
                            break;
                        message.queryStatus = $root.mupib.QueryStatus.decode(reader, reader.size(), $undefined, _depth + 1, message.queryStatus);
                        message.body = "queryStatus";
                        continue;
                    }
                case 12: {
                        if (wireType !== 2)
                            break;
                        message.status = $root.mupib.Status.decode(reader, reader.size(), $undefined, _depth + 1, message.status);
                        message.body = "status";
                        continue;
                    }
                case 13: {
                        if (wireType !== 2)
                            break;
                        message.failure = $root.mupib.Failure.decode(reader, reader.size(), $undefined, _depth + 1, message.failure);
                        message.body = "failure";
                        continue;
                    }
                case 14: {
                        if (wireType !== 2)
                            break;
                        message.fetchRecord = reader.bytes();
                        message.body = "fetchRecord";
                        continue;
                    }
                case 15: {
                        if (wireType !== 2)
                            break;
                        message.record = $root.mupib.FetchedRecord.decode(reader, reader.size(), $undefined, _depth + 1, message.record);
                        message.body = "record";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ClientFrame;
    })();

    mupib.Submit = (function() {

        /**
         * Properties of a Submit.
         * @typedef {Object} mupib.Submit.$Properties
         * @property {Uint8Array|null} [record] Submit record
         * @property {boolean|null} [spread] Submit spread
         * @property {boolean|null} [answer] Submit answer
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Submit.
         * @memberof mupib
         * @interface ISubmit
         * @augments mupib.Submit.$Properties
         * @deprecated Use mupib.Submit.$Properties instead.
         */

        /**
         * Shape of a Submit.
         * @typedef {mupib.Submit.$Properties} mupib.Submit.$Shape
         */

        /**
         * Constructs a new Submit.
         * @memberof mupib
         * @classdesc Represents a Submit.
         * @constructor
         * @param {mupib.Submit.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Submit = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Submit record.
         * @member {Uint8Array} record
         * @memberof mupib.Submit
         * @instance
         */
        Submit.prototype.record = $util.newBuffer([]);

        /**
         * Submit spread.
         * @member {boolean} spread
         * @memberof mupib.Submit
         * @instance
         */
        Submit.prototype.spread = false;

        /**
         * Submit answer.
         * @member {boolean} answer
         * @memberof mupib.Submit
         * @instance
         */
        Submit.prototype.answer = false;

        /**
         * Encodes the specified Submit message. Does not implicitly {@link mupib.Submit.verify|verify} messages.
         * @function encode
         * @memberof mupib.Submit
         * @static
         * @param {mupib.Submit.$Properties} message Submit message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Submit.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.record != null && $Object.hasOwnProperty.call(message, "record") && message.record.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.record);
            if (message.spread != null && $Object.hasOwnProperty.call(message, "spread") && message.spread !== false)
                writer.uint32(/* id 2, wireType 0 =*/16).bool(message.spread);
            if (message.answer != null && $Object.hasOwnProperty.call(message, "answer") && message.answer !== false)
                writer.uint32(/* id 3, wireType 0 =*/24).bool(message.answer);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Submit message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Submit
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Submit & mupib.Submit.$Shape} Submit
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Submit.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Submit();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.record = value;
                        else
                            delete message.record;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.spread = value;
                        else
                            delete message.spread;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.answer = value;
                        else
                            delete message.answer;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Submit;
    })();

    mupib.Received = (function() {

        /**
         * Properties of a Received.
         * @typedef {Object} mupib.Received.$Properties
         * @property {Uint8Array|null} [digest] Received digest
         * @property {number|null} [state] Received state
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Received.
         * @memberof mupib
         * @interface IReceived
         * @augments mupib.Received.$Properties
         * @deprecated Use mupib.Received.$Properties instead.
         */

        /**
         * Shape of a Received.
         * @typedef {mupib.Received.$Properties} mupib.Received.$Shape
         */

        /**
         * Constructs a new Received.
         * @memberof mupib
         * @classdesc Represents a Received.
         * @constructor
         * @param {mupib.Received.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Received = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Received digest.
         * @member {Uint8Array} digest
         * @memberof mupib.Received
         * @instance
         */
        Received.prototype.digest = $util.newBuffer([]);

        /**
         * Received state.
         * @member {number} state
         * @memberof mupib.Received
         * @instance
         */
        Received.prototype.state = 0;

        /**
         * Encodes the specified Received message. Does not implicitly {@link mupib.Received.verify|verify} messages.
         * @function encode
         * @memberof mupib.Received
         * @static
         * @param {mupib.Received.$Properties} message Received message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Received.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.digest != null && $Object.hasOwnProperty.call(message, "digest") && message.digest.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.digest);
            if (message.state != null && $Object.hasOwnProperty.call(message, "state") && message.state !== 0)
                writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.state);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Received message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Received
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Received & mupib.Received.$Shape} Received
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Received.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Received();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.digest = value;
                        else
                            delete message.digest;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.state = value;
                        else
                            delete message.state;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Received;
    })();

    mupib.Stream = (function() {

        /**
         * Properties of a Stream.
         * @typedef {Object} mupib.Stream.$Properties
         * @property {number|null} [kind] Stream kind
         * @property {Uint8Array|null} [signer] Stream signer
         * @property {Uint8Array|null} [user] Stream user
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Stream.
         * @memberof mupib
         * @interface IStream
         * @augments mupib.Stream.$Properties
         * @deprecated Use mupib.Stream.$Properties instead.
         */

        /**
         * Shape of a Stream.
         * @typedef {mupib.Stream.$Properties} mupib.Stream.$Shape
         */

        /**
         * Constructs a new Stream.
         * @memberof mupib
         * @classdesc Represents a Stream.
         * @constructor
         * @param {mupib.Stream.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Stream = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Stream kind.
         * @member {number} kind
         * @memberof mupib.Stream
         * @instance
         */
        Stream.prototype.kind = 0;

        /**
         * Stream signer.
         * @member {Uint8Array} signer
         * @memberof mupib.Stream
         * @instance
         */
        Stream.prototype.signer = $util.newBuffer([]);

        /**
         * Stream user.
         * @member {Uint8Array|null|undefined} user
         * @memberof mupib.Stream
         * @instance
         */
        Stream.prototype.user = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        // Virtual OneOf for proto3 optional field
        $Object.defineProperty(Stream.prototype, "_user", {
            get: $util.oneOfGetter($oneOfFields = ["user"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified Stream message. Does not implicitly {@link mupib.Stream.verify|verify} messages.
         * @function encode
         * @memberof mupib.Stream
         * @static
         * @param {mupib.Stream.$Properties} message Stream message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Stream.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.kind);
            if (message.signer != null && $Object.hasOwnProperty.call(message, "signer") && message.signer.length)
                writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.signer);
            if (message.user != null && $Object.hasOwnProperty.call(message, "user"))
                writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.user);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Stream message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Stream
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Stream & mupib.Stream.$Shape} Stream
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Stream.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Stream();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.kind = value;
                        else
                            delete message.kind;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.signer = value;
                        else
                            delete message.signer;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.user = reader.bytes();
                        message._user = "user";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Stream;
    })();

    mupib.StreamHead = (function() {

        /**
         * Properties of a StreamHead.
         * @typedef {Object} mupib.StreamHead.$Properties
         * @property {number|Long|null} [number] StreamHead number
         * @property {Uint8Array|null} [digest] StreamHead digest
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a StreamHead.
         * @memberof mupib
         * @interface IStreamHead
         * @augments mupib.StreamHead.$Properties
         * @deprecated Use mupib.StreamHead.$Properties instead.
         */

        /**
         * Shape of a StreamHead.
         * @typedef {mupib.StreamHead.$Properties} mupib.StreamHead.$Shape
         */

        /**
         * Constructs a new StreamHead.
         * @memberof mupib
         * @classdesc Represents a StreamHead.
         * @constructor
         * @param {mupib.StreamHead.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const StreamHead = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * StreamHead number.
         * @member {number|Long} number
         * @memberof mupib.StreamHead
         * @instance
         */
        StreamHead.prototype.number = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * StreamHead digest.
         * @member {Uint8Array} digest
         * @memberof mupib.StreamHead
         * @instance
         */
        StreamHead.prototype.digest = $util.newBuffer([]);

        /**
         * Encodes the specified StreamHead message. Does not implicitly {@link mupib.StreamHead.verify|verify} messages.
         * @function encode
         * @memberof mupib.StreamHead
         * @static
         * @param {mupib.StreamHead.$Properties} message StreamHead message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        StreamHead.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.number != null && $Object.hasOwnProperty.call(message, "number") && (typeof message.number === "object" ? message.number.low || message.number.high : message.number !== 0))
                writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.number);
            if (message.digest != null && $Object.hasOwnProperty.call(message, "digest") && message.digest.length)
                writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.digest);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a StreamHead message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.StreamHead
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.StreamHead & mupib.StreamHead.$Shape} StreamHead
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        StreamHead.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.StreamHead();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.number = value;
                        else
                            delete message.number;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.digest = value;
                        else
                            delete message.digest;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return StreamHead;
    })();

    mupib.Follow = (function() {

        /**
         * Properties of a Follow.
         * @typedef {Object} mupib.Follow.$Properties
         * @property {number|Long|null} [fromHeight] Follow fromHeight
         * @property {Array.<number>|null} [kinds] Follow kinds
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Follow.
         * @memberof mupib
         * @interface IFollow
         * @augments mupib.Follow.$Properties
         * @deprecated Use mupib.Follow.$Properties instead.
         */

        /**
         * Shape of a Follow.
         * @typedef {mupib.Follow.$Properties} mupib.Follow.$Shape
         */

        /**
         * Constructs a new Follow.
         * @memberof mupib
         * @classdesc Represents a Follow.
         * @constructor
         * @param {mupib.Follow.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Follow = function (properties) {
            this.kinds = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Follow fromHeight.
         * @member {number|Long} fromHeight
         * @memberof mupib.Follow
         * @instance
         */
        Follow.prototype.fromHeight = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * Follow kinds.
         * @member {Array.<number>} kinds
         * @memberof mupib.Follow
         * @instance
         */
        Follow.prototype.kinds = $util.emptyArray;

        /**
         * Encodes the specified Follow message. Does not implicitly {@link mupib.Follow.verify|verify} messages.
         * @function encode
         * @memberof mupib.Follow
         * @static
         * @param {mupib.Follow.$Properties} message Follow message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Follow.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.fromHeight != null && $Object.hasOwnProperty.call(message, "fromHeight") && (typeof message.fromHeight === "object" ? message.fromHeight.low || message.fromHeight.high : message.fromHeight !== 0))
                writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.fromHeight);
            if (message.kinds != null && message.kinds.length)
                writer.uint32(/* id 2, wireType 2 =*/18).uint32s(message.kinds);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Follow message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Follow
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Follow & mupib.Follow.$Shape} Follow
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Follow.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Follow();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.fromHeight = value;
                        else
                            delete message.fromHeight;
                        continue;
                    }
                case 2: {
                        if (wireType === 2) {
                            if (!(message.kinds && message.kinds.length))
                                message.kinds = [];
                            reader.uint32s(message.kinds);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.kinds && message.kinds.length))
                            message.kinds = [];
                        message.kinds.push(reader.uint32());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Follow;
    })();

    mupib.Cancel = (function() {

        /**
         * Properties of a Cancel.
         * @typedef {Object} mupib.Cancel.$Properties
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Cancel.
         * @memberof mupib
         * @interface ICancel
         * @augments mupib.Cancel.$Properties
         * @deprecated Use mupib.Cancel.$Properties instead.
         */

        /**
         * Shape of a Cancel.
         * @typedef {mupib.Cancel.$Properties} mupib.Cancel.$Shape
         */

        /**
         * Constructs a new Cancel.
         * @memberof mupib
         * @classdesc Represents a Cancel.
         * @constructor
         * @param {mupib.Cancel.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Cancel = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Encodes the specified Cancel message. Does not implicitly {@link mupib.Cancel.verify|verify} messages.
         * @function encode
         * @memberof mupib.Cancel
         * @static
         * @param {mupib.Cancel.$Properties} message Cancel message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Cancel.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Cancel message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Cancel
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Cancel & mupib.Cancel.$Shape} Cancel
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Cancel.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Cancel();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Cancel;
    })();

    mupib.QueryStatus = (function() {

        /**
         * Properties of a QueryStatus.
         * @typedef {Object} mupib.QueryStatus.$Properties
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a QueryStatus.
         * @memberof mupib
         * @interface IQueryStatus
         * @augments mupib.QueryStatus.$Properties
         * @deprecated Use mupib.QueryStatus.$Properties instead.
         */

        /**
         * Shape of a QueryStatus.
         * @typedef {mupib.QueryStatus.$Properties} mupib.QueryStatus.$Shape
         */

        /**
         * Constructs a new QueryStatus.
         * @memberof mupib
         * @classdesc Represents a QueryStatus.
         * @constructor
         * @param {mupib.QueryStatus.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const QueryStatus = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Encodes the specified QueryStatus message. Does not implicitly {@link mupib.QueryStatus.verify|verify} messages.
         * @function encode
         * @memberof mupib.QueryStatus
         * @static
         * @param {mupib.QueryStatus.$Properties} message QueryStatus message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        QueryStatus.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a QueryStatus message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.QueryStatus
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.QueryStatus & mupib.QueryStatus.$Shape} QueryStatus
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        QueryStatus.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.QueryStatus();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return QueryStatus;
    })();

    mupib.Status = (function() {

        /**
         * Properties of a Status.
         * @typedef {Object} mupib.Status.$Properties
         * @property {string|null} [name] Status name
         * @property {number|Long|null} [height] Status height
         * @property {number|Long|null} [view] Status view
         * @property {Uint8Array|null} [digest] Status digest
         * @property {Uint8Array|null} [stateRoot] Status stateRoot
         * @property {boolean|null} [mayVote] Status mayVote
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Status.
         * @memberof mupib
         * @interface IStatus
         * @augments mupib.Status.$Properties
         * @deprecated Use mupib.Status.$Properties instead.
         */

        /**
         * Shape of a Status.
         * @typedef {mupib.Status.$Properties} mupib.Status.$Shape
         */

        /**
         * Constructs a new Status.
         * @memberof mupib
         * @classdesc Represents a Status.
         * @constructor
         * @param {mupib.Status.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Status = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Status name.
         * @member {string} name
         * @memberof mupib.Status
         * @instance
         */
        Status.prototype.name = "";

        /**
         * Status height.
         * @member {number|Long} height
         * @memberof mupib.Status
         * @instance
         */
        Status.prototype.height = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * Status view.
         * @member {number|Long} view
         * @memberof mupib.Status
         * @instance
         */
        Status.prototype.view = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * Status digest.
         * @member {Uint8Array} digest
         * @memberof mupib.Status
         * @instance
         */
        Status.prototype.digest = $util.newBuffer([]);

        /**
         * Status stateRoot.
         * @member {Uint8Array} stateRoot
         * @memberof mupib.Status
         * @instance
         */
        Status.prototype.stateRoot = $util.newBuffer([]);

        /**
         * Status mayVote.
         * @member {boolean} mayVote
         * @memberof mupib.Status
         * @instance
         */
        Status.prototype.mayVote = false;

        /**
         * Encodes the specified Status message. Does not implicitly {@link mupib.Status.verify|verify} messages.
         * @function encode
         * @memberof mupib.Status
         * @static
         * @param {mupib.Status.$Properties} message Status message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Status.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.height != null && $Object.hasOwnProperty.call(message, "height") && (typeof message.height === "object" ? message.height.low || message.height.high : message.height !== 0))
                writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.height);
            if (message.view != null && $Object.hasOwnProperty.call(message, "view") && (typeof message.view === "object" ? message.view.low || message.view.high : message.view !== 0))
                writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.view);
            if (message.digest != null && $Object.hasOwnProperty.call(message, "digest") && message.digest.length)
                writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.digest);
            if (message.stateRoot != null && $Object.hasOwnProperty.call(message, "stateRoot") && message.stateRoot.length)
                writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.stateRoot);
            if (message.mayVote != null && $Object.hasOwnProperty.call(message, "mayVote") && message.mayVote !== false)
                writer.uint32(/* id 6, wireType 0 =*/48).bool(message.mayVote);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Status message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Status
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Status & mupib.Status.$Shape} Status
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Status.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Status();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.name = value;
                        else
                            delete message.name;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.height = value;
                        else
                            delete message.height;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.view = value;
                        else
                            delete message.view;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.digest = value;
                        else
                            delete message.digest;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.stateRoot = value;
                        else
                            delete message.stateRoot;
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.mayVote = value;
                        else
                            delete message.mayVote;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Status;
    })();

    mupib.FetchedRecord = (function() {

        /**
         * Properties of a FetchedRecord.
         * @typedef {Object} mupib.FetchedRecord.$Properties
         * @property {Uint8Array|null} [record] FetchedRecord record
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a FetchedRecord.
         * @memberof mupib
         * @interface IFetchedRecord
         * @augments mupib.FetchedRecord.$Properties
         * @deprecated Use mupib.FetchedRecord.$Properties instead.
         */

        /**
         * Shape of a FetchedRecord.
         * @typedef {mupib.FetchedRecord.$Properties} mupib.FetchedRecord.$Shape
         */

        /**
         * Constructs a new FetchedRecord.
         * @memberof mupib
         * @classdesc Represents a FetchedRecord.
         * @constructor
         * @param {mupib.FetchedRecord.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const FetchedRecord = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * FetchedRecord record.
         * @member {Uint8Array|null|undefined} record
         * @memberof mupib.FetchedRecord
         * @instance
         */
        FetchedRecord.prototype.record = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        // Virtual OneOf for proto3 optional field
        $Object.defineProperty(FetchedRecord.prototype, "_record", {
            get: $util.oneOfGetter($oneOfFields = ["record"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified FetchedRecord message. Does not implicitly {@link mupib.FetchedRecord.verify|verify} messages.
         * @function encode
         * @memberof mupib.FetchedRecord
         * @static
         * @param {mupib.FetchedRecord.$Properties} message FetchedRecord message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        FetchedRecord.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.record != null && $Object.hasOwnProperty.call(message, "record"))
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.record);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a FetchedRecord message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.FetchedRecord
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.FetchedRecord & mupib.FetchedRecord.$Shape} FetchedRecord
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        FetchedRecord.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.FetchedRecord();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        message.record = reader.bytes();
                        message._record = "record";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return FetchedRecord;
    })();

    mupib.Failure = (function() {

        /**
         * Properties of a Failure.
         * @typedef {Object} mupib.Failure.$Properties
         * @property {string|null} [code] Failure code
         * @property {string|null} [message] Failure message
         * @property {string|null} [hint] Failure hint
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Failure.
         * @memberof mupib
         * @interface IFailure
         * @augments mupib.Failure.$Properties
         * @deprecated Use mupib.Failure.$Properties instead.
         */

        /**
         * Shape of a Failure.
         * @typedef {mupib.Failure.$Properties} mupib.Failure.$Shape
         */

        /**
         * Constructs a new Failure.
         * @memberof mupib
         * @classdesc Represents a Failure.
         * @constructor
         * @param {mupib.Failure.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Failure = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Failure code.
         * @member {string} code
         * @memberof mupib.Failure
         * @instance
         */
        Failure.prototype.code = "";

        /**
         * Failure message.
         * @member {string} message
         * @memberof mupib.Failure
         * @instance
         */
        Failure.prototype.message = "";

        /**
         * Failure hint.
         * @member {string|null|undefined} hint
         * @memberof mupib.Failure
         * @instance
         */
        Failure.prototype.hint = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        // Virtual OneOf for proto3 optional field
        $Object.defineProperty(Failure.prototype, "_hint", {
            get: $util.oneOfGetter($oneOfFields = ["hint"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Encodes the specified Failure message. Does not implicitly {@link mupib.Failure.verify|verify} messages.
         * @function encode
         * @memberof mupib.Failure
         * @static
         * @param {mupib.Failure.$Properties} message Failure message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Failure.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.code);
            if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
            if (message.hint != null && $Object.hasOwnProperty.call(message, "hint"))
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.hint);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Failure message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.Failure
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.Failure & mupib.Failure.$Shape} Failure
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Failure.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.Failure();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.code = value;
                        else
                            delete message.code;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.message = value;
                        else
                            delete message.message;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.hint = reader.stringVerify();
                        message._hint = "hint";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Failure;
    })();

    mupib.RecordAnswer = (function() {

        /**
         * Properties of a RecordAnswer.
         * @typedef {Object} mupib.RecordAnswer.$Properties
         * @property {Uint8Array|null} [header] RecordAnswer header
         * @property {Uint8Array|null} [verdictRoot] RecordAnswer verdictRoot
         * @property {Uint8Array|null} [stateRoot] RecordAnswer stateRoot
         * @property {Uint8Array|null} [recordLeaf] RecordAnswer recordLeaf
         * @property {number|null} [leafIndex] RecordAnswer leafIndex
         * @property {number|null} [leafCount] RecordAnswer leafCount
         * @property {Uint8Array|null} [path] RecordAnswer path
         * @property {Array.<Uint8Array>|null} [transactionLeaves] RecordAnswer transactionLeaves
         * @property {Array.<Uint8Array>|null} [descendants] RecordAnswer descendants
         * @property {Uint8Array|null} [certificate] RecordAnswer certificate
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a RecordAnswer.
         * @memberof mupib
         * @interface IRecordAnswer
         * @augments mupib.RecordAnswer.$Properties
         * @deprecated Use mupib.RecordAnswer.$Properties instead.
         */

        /**
         * Shape of a RecordAnswer.
         * @typedef {mupib.RecordAnswer.$Properties} mupib.RecordAnswer.$Shape
         */

        /**
         * Constructs a new RecordAnswer.
         * @memberof mupib
         * @classdesc Represents a RecordAnswer.
         * @constructor
         * @param {mupib.RecordAnswer.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const RecordAnswer = function (properties) {
            this.transactionLeaves = [];
            this.descendants = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * RecordAnswer header.
         * @member {Uint8Array} header
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.header = $util.newBuffer([]);

        /**
         * RecordAnswer verdictRoot.
         * @member {Uint8Array} verdictRoot
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.verdictRoot = $util.newBuffer([]);

        /**
         * RecordAnswer stateRoot.
         * @member {Uint8Array} stateRoot
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.stateRoot = $util.newBuffer([]);

        /**
         * RecordAnswer recordLeaf.
         * @member {Uint8Array} recordLeaf
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.recordLeaf = $util.newBuffer([]);

        /**
         * RecordAnswer leafIndex.
         * @member {number} leafIndex
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.leafIndex = 0;

        /**
         * RecordAnswer leafCount.
         * @member {number} leafCount
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.leafCount = 0;

        /**
         * RecordAnswer path.
         * @member {Uint8Array} path
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.path = $util.newBuffer([]);

        /**
         * RecordAnswer transactionLeaves.
         * @member {Array.<Uint8Array>} transactionLeaves
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.transactionLeaves = $util.emptyArray;

        /**
         * RecordAnswer descendants.
         * @member {Array.<Uint8Array>} descendants
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.descendants = $util.emptyArray;

        /**
         * RecordAnswer certificate.
         * @member {Uint8Array} certificate
         * @memberof mupib.RecordAnswer
         * @instance
         */
        RecordAnswer.prototype.certificate = $util.newBuffer([]);

        /**
         * Encodes the specified RecordAnswer message. Does not implicitly {@link mupib.RecordAnswer.verify|verify} messages.
         * @function encode
         * @memberof mupib.RecordAnswer
         * @static
         * @param {mupib.RecordAnswer.$Properties} message RecordAnswer message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        RecordAnswer.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.header != null && $Object.hasOwnProperty.call(message, "header") && message.header.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.header);
            if (message.verdictRoot != null && $Object.hasOwnProperty.call(message, "verdictRoot") && message.verdictRoot.length)
                writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.verdictRoot);
            if (message.stateRoot != null && $Object.hasOwnProperty.call(message, "stateRoot") && message.stateRoot.length)
                writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.stateRoot);
            if (message.recordLeaf != null && $Object.hasOwnProperty.call(message, "recordLeaf") && message.recordLeaf.length)
                writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.recordLeaf);
            if (message.leafIndex != null && $Object.hasOwnProperty.call(message, "leafIndex") && message.leafIndex !== 0)
                writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.leafIndex);
            if (message.leafCount != null && $Object.hasOwnProperty.call(message, "leafCount") && message.leafCount !== 0)
                writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.leafCount);
            if (message.path != null && $Object.hasOwnProperty.call(message, "path") && message.path.length)
                writer.uint32(/* id 7, wireType 2 =*/58).bytes(message.path);
            if (message.transactionLeaves != null && message.transactionLeaves.length)
                for (let i = 0; i < message.transactionLeaves.length; ++i)
                    writer.uint32(/* id 8, wireType 2 =*/66).bytes(message.transactionLeaves[i]);
            if (message.descendants != null && message.descendants.length)
                for (let i = 0; i < message.descendants.length; ++i)
                    writer.uint32(/* id 9, wireType 2 =*/74).bytes(message.descendants[i]);
            if (message.certificate != null && $Object.hasOwnProperty.call(message, "certificate") && message.certificate.length)
                writer.uint32(/* id 10, wireType 2 =*/82).bytes(message.certificate);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a RecordAnswer message from the specified reader or buffer.
         * @function decode
         * @memberof mupib.RecordAnswer
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {mupib.RecordAnswer & mupib.RecordAnswer.$Shape} RecordAnswer
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        RecordAnswer.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.mupib.RecordAnswer();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.header = value;
                        else
                            delete message.header;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.verdictRoot = value;
                        else
                            delete message.verdictRoot;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.stateRoot = value;
                        else
                            delete message.stateRoot;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.recordLeaf = value;
                        else
                            delete message.recordLeaf;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.leafIndex = value;
                        else
                            delete message.leafIndex;
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.leafCount = value;
                        else
                            delete message.leafCount;
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.path = value;
                        else
                            delete message.path;
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if (!(message.transactionLeaves && message.transactionLeaves.length))
                            message.transactionLeaves = [];
                        message.transactionLeaves.push(reader.bytes());
                        continue;
                    }
                case 9: {
                        if (wireType !== 2)
                            break;
                        if (!(message.descendants && message.descendants.length))
                            message.descendants = [];
                        message.descendants.push(reader.bytes());
                        continue;
                    }
                case 10: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.certificate = value;
                        else
                            delete message.certificate;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RecordAnswer;
    })();

    return mupib;
})();

export {
  $root as default
};
