import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace mupib. */
export namespace mupib {

    /**
     * Properties of a ConsensusFrame.
     * @deprecated Use mupib.ConsensusFrame.$Properties instead.
     */
    interface IConsensusFrame extends mupib.ConsensusFrame.$Properties {
    }

    /** Represents a ConsensusFrame. */
    class ConsensusFrame {

        /**
         * Constructs a new ConsensusFrame.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.ConsensusFrame.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ConsensusFrame proposal. */
        proposal?: (Uint8Array|null);

        /** ConsensusFrame vote. */
        vote?: (Uint8Array|null);

        /** ConsensusFrame certificate. */
        certificate?: (Uint8Array|null);

        /** ConsensusFrame announcement. */
        announcement?: (mupib.Announcement.$Properties|null);

        /** ConsensusFrame body. */
        body?: ("proposal"|"vote"|"certificate"|"announcement");

        /**
         * Encodes the specified ConsensusFrame message. Does not implicitly {@link mupib.ConsensusFrame.verify|verify} messages.
         * @param message ConsensusFrame message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.ConsensusFrame.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ConsensusFrame message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.ConsensusFrame & mupib.ConsensusFrame.$Shape} ConsensusFrame
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.ConsensusFrame & mupib.ConsensusFrame.$Shape;
    }

    namespace ConsensusFrame {

        /** Properties of a ConsensusFrame. */
        interface $Properties {

            /** ConsensusFrame proposal */
            proposal?: (Uint8Array|null);

            /** ConsensusFrame vote */
            vote?: (Uint8Array|null);

            /** ConsensusFrame certificate */
            certificate?: (Uint8Array|null);

            /** ConsensusFrame announcement */
            announcement?: (mupib.Announcement.$Properties|null);

            /** ConsensusFrame body */
            body?: ("proposal"|"vote"|"certificate"|"announcement");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a ConsensusFrame. */
        type $Shape = {
          proposal?: Uint8Array|null;
          vote?: Uint8Array|null;
          certificate?: Uint8Array|null;
          announcement?: mupib.Announcement.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ body?: undefined; proposal?: null; vote?: null; certificate?: null; announcement?: null }|{ body?: "proposal"; proposal: Uint8Array; vote?: null; certificate?: null; announcement?: null }|{ body?: "vote"; proposal?: null; vote: Uint8Array; certificate?: null; announcement?: null }|{ body?: "certificate"; proposal?: null; vote?: null; certificate: Uint8Array; announcement?: null }|{ body?: "announcement"; proposal?: null; vote?: null; certificate?: null; announcement: mupib.Announcement.$Shape })
        );
    }

    /**
     * Properties of an Announcement.
     * @deprecated Use mupib.Announcement.$Properties instead.
     */
    interface IAnnouncement extends mupib.Announcement.$Properties {
    }

    /** Represents an Announcement. */
    class Announcement {

        /**
         * Constructs a new Announcement.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Announcement.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Announcement digests. */
        digests: Uint8Array;

        /**
         * Encodes the specified Announcement message. Does not implicitly {@link mupib.Announcement.verify|verify} messages.
         * @param message Announcement message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Announcement.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Announcement message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Announcement & mupib.Announcement.$Shape} Announcement
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Announcement & mupib.Announcement.$Shape;
    }

    namespace Announcement {

        /** Properties of an Announcement. */
        interface $Properties {

            /** Announcement digests */
            digests?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Announcement. */
        type $Shape = mupib.Announcement.$Properties;
    }

    /**
     * Properties of a FetchRequest.
     * @deprecated Use mupib.FetchRequest.$Properties instead.
     */
    interface IFetchRequest extends mupib.FetchRequest.$Properties {
    }

    /** Represents a FetchRequest. */
    class FetchRequest {

        /**
         * Constructs a new FetchRequest.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.FetchRequest.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FetchRequest records. */
        records?: (Uint8Array|null);

        /** FetchRequest block. */
        block?: (Uint8Array|null);

        /** FetchRequest certificates. */
        certificates?: (number|Long|null);

        /** FetchRequest range. */
        range?: (mupib.Range.$Properties|null);

        /** FetchRequest heldVotes. */
        heldVotes?: (number|null);

        /** FetchRequest body. */
        body?: ("records"|"block"|"certificates"|"range"|"heldVotes");

        /**
         * Encodes the specified FetchRequest message. Does not implicitly {@link mupib.FetchRequest.verify|verify} messages.
         * @param message FetchRequest message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.FetchRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FetchRequest message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.FetchRequest & mupib.FetchRequest.$Shape} FetchRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.FetchRequest & mupib.FetchRequest.$Shape;
    }

    namespace FetchRequest {

        /** Properties of a FetchRequest. */
        interface $Properties {

            /** FetchRequest records */
            records?: (Uint8Array|null);

            /** FetchRequest block */
            block?: (Uint8Array|null);

            /** FetchRequest certificates */
            certificates?: (number|Long|null);

            /** FetchRequest range */
            range?: (mupib.Range.$Properties|null);

            /** FetchRequest heldVotes */
            heldVotes?: (number|null);

            /** FetchRequest body */
            body?: ("records"|"block"|"certificates"|"range"|"heldVotes");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a FetchRequest. */
        type $Shape = {
          records?: Uint8Array|null;
          block?: Uint8Array|null;
          certificates?: number|Long|null;
          range?: mupib.Range.$Shape|null;
          heldVotes?: number|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ body?: undefined; records?: null; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "records"; records: Uint8Array; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "block"; records?: null; block: Uint8Array; certificates?: null; range?: null; heldVotes?: null }|{ body?: "certificates"; records?: null; block?: null; certificates: number|Long; range?: null; heldVotes?: null }|{ body?: "range"; records?: null; block?: null; certificates?: null; range: mupib.Range.$Shape; heldVotes?: null }|{ body?: "heldVotes"; records?: null; block?: null; certificates?: null; range?: null; heldVotes: number })
        );
    }

    /**
     * Properties of a Range.
     * @deprecated Use mupib.Range.$Properties instead.
     */
    interface IRange extends mupib.Range.$Properties {
    }

    /** Represents a Range. */
    class Range {

        /**
         * Constructs a new Range.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Range.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Range fromHeight. */
        fromHeight: (number|Long);

        /** Range maxBlocks. */
        maxBlocks: number;

        /**
         * Encodes the specified Range message. Does not implicitly {@link mupib.Range.verify|verify} messages.
         * @param message Range message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Range.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Range message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Range & mupib.Range.$Shape} Range
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Range & mupib.Range.$Shape;
    }

    namespace Range {

        /** Properties of a Range. */
        interface $Properties {

            /** Range fromHeight */
            fromHeight?: (number|Long|null);

            /** Range maxBlocks */
            maxBlocks?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Range. */
        type $Shape = mupib.Range.$Properties;
    }

    /**
     * Properties of a FetchResponse.
     * @deprecated Use mupib.FetchResponse.$Properties instead.
     */
    interface IFetchResponse extends mupib.FetchResponse.$Properties {
    }

    /** Represents a FetchResponse. */
    class FetchResponse {

        /**
         * Constructs a new FetchResponse.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.FetchResponse.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FetchResponse records. */
        records?: (mupib.RecordList.$Properties|null);

        /** FetchResponse block. */
        block?: (mupib.Found.$Properties|null);

        /** FetchResponse certificates. */
        certificates?: (mupib.CertificateList.$Properties|null);

        /** FetchResponse range. */
        range?: (mupib.FinalRange.$Properties|null);

        /** FetchResponse heldVotes. */
        heldVotes?: (mupib.HeldVotes.$Properties|null);

        /** FetchResponse body. */
        body?: ("records"|"block"|"certificates"|"range"|"heldVotes");

        /**
         * Encodes the specified FetchResponse message. Does not implicitly {@link mupib.FetchResponse.verify|verify} messages.
         * @param message FetchResponse message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.FetchResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FetchResponse message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.FetchResponse & mupib.FetchResponse.$Shape} FetchResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.FetchResponse & mupib.FetchResponse.$Shape;
    }

    namespace FetchResponse {

        /** Properties of a FetchResponse. */
        interface $Properties {

            /** FetchResponse records */
            records?: (mupib.RecordList.$Properties|null);

            /** FetchResponse block */
            block?: (mupib.Found.$Properties|null);

            /** FetchResponse certificates */
            certificates?: (mupib.CertificateList.$Properties|null);

            /** FetchResponse range */
            range?: (mupib.FinalRange.$Properties|null);

            /** FetchResponse heldVotes */
            heldVotes?: (mupib.HeldVotes.$Properties|null);

            /** FetchResponse body */
            body?: ("records"|"block"|"certificates"|"range"|"heldVotes");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a FetchResponse. */
        type $Shape = {
          records?: mupib.RecordList.$Shape|null;
          block?: mupib.Found.$Shape|null;
          certificates?: mupib.CertificateList.$Shape|null;
          range?: mupib.FinalRange.$Shape|null;
          heldVotes?: mupib.HeldVotes.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ body?: undefined; records?: null; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "records"; records: mupib.RecordList.$Shape; block?: null; certificates?: null; range?: null; heldVotes?: null }|{ body?: "block"; records?: null; block: mupib.Found.$Shape; certificates?: null; range?: null; heldVotes?: null }|{ body?: "certificates"; records?: null; block?: null; certificates: mupib.CertificateList.$Shape; range?: null; heldVotes?: null }|{ body?: "range"; records?: null; block?: null; certificates?: null; range: mupib.FinalRange.$Shape; heldVotes?: null }|{ body?: "heldVotes"; records?: null; block?: null; certificates?: null; range?: null; heldVotes: mupib.HeldVotes.$Shape })
        );
    }

    /**
     * Properties of a RecordList.
     * @deprecated Use mupib.RecordList.$Properties instead.
     */
    interface IRecordList extends mupib.RecordList.$Properties {
    }

    /** Represents a RecordList. */
    class RecordList {

        /**
         * Constructs a new RecordList.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.RecordList.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** RecordList records. */
        records: Uint8Array[];

        /**
         * Encodes the specified RecordList message. Does not implicitly {@link mupib.RecordList.verify|verify} messages.
         * @param message RecordList message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.RecordList.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RecordList message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.RecordList & mupib.RecordList.$Shape} RecordList
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.RecordList & mupib.RecordList.$Shape;
    }

    namespace RecordList {

        /** Properties of a RecordList. */
        interface $Properties {

            /** RecordList records */
            records?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RecordList. */
        type $Shape = mupib.RecordList.$Properties;
    }

    /**
     * Properties of a Found.
     * @deprecated Use mupib.Found.$Properties instead.
     */
    interface IFound extends mupib.Found.$Properties {
    }

    /** Represents a Found. */
    class Found {

        /**
         * Constructs a new Found.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Found.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Found block. */
        block?: (Uint8Array|null);

        /**
         * Encodes the specified Found message. Does not implicitly {@link mupib.Found.verify|verify} messages.
         * @param message Found message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Found.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Found message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Found & mupib.Found.$Shape} Found
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Found & mupib.Found.$Shape;
    }

    namespace Found {

        /** Properties of a Found. */
        interface $Properties {

            /** Found block */
            block?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Found. */
        type $Shape = mupib.Found.$Properties;
    }

    /**
     * Properties of a CertificateList.
     * @deprecated Use mupib.CertificateList.$Properties instead.
     */
    interface ICertificateList extends mupib.CertificateList.$Properties {
    }

    /** Represents a CertificateList. */
    class CertificateList {

        /**
         * Constructs a new CertificateList.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.CertificateList.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** CertificateList certificates. */
        certificates: Uint8Array[];

        /**
         * Encodes the specified CertificateList message. Does not implicitly {@link mupib.CertificateList.verify|verify} messages.
         * @param message CertificateList message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.CertificateList.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a CertificateList message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.CertificateList & mupib.CertificateList.$Shape} CertificateList
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.CertificateList & mupib.CertificateList.$Shape;
    }

    namespace CertificateList {

        /** Properties of a CertificateList. */
        interface $Properties {

            /** CertificateList certificates */
            certificates?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a CertificateList. */
        type $Shape = mupib.CertificateList.$Properties;
    }

    /**
     * Properties of a FinalRange.
     * @deprecated Use mupib.FinalRange.$Properties instead.
     */
    interface IFinalRange extends mupib.FinalRange.$Properties {
    }

    /** Represents a FinalRange. */
    class FinalRange {

        /**
         * Constructs a new FinalRange.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.FinalRange.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FinalRange blocks. */
        blocks: mupib.FinalBlock.$Properties[];

        /** FinalRange certificate. */
        certificate?: (Uint8Array|null);

        /**
         * Encodes the specified FinalRange message. Does not implicitly {@link mupib.FinalRange.verify|verify} messages.
         * @param message FinalRange message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.FinalRange.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FinalRange message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.FinalRange & mupib.FinalRange.$Shape} FinalRange
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.FinalRange & mupib.FinalRange.$Shape;
    }

    namespace FinalRange {

        /** Properties of a FinalRange. */
        interface $Properties {

            /** FinalRange blocks */
            blocks?: (mupib.FinalBlock.$Properties[]|null);

            /** FinalRange certificate */
            certificate?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a FinalRange. */
        type $Shape = mupib.FinalRange.$Properties;
    }

    /**
     * Properties of a FinalBlock.
     * @deprecated Use mupib.FinalBlock.$Properties instead.
     */
    interface IFinalBlock extends mupib.FinalBlock.$Properties {
    }

    /** Represents a FinalBlock. */
    class FinalBlock {

        /**
         * Constructs a new FinalBlock.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.FinalBlock.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FinalBlock block. */
        block: Uint8Array;

        /** FinalBlock records. */
        records: Uint8Array[];

        /**
         * Encodes the specified FinalBlock message. Does not implicitly {@link mupib.FinalBlock.verify|verify} messages.
         * @param message FinalBlock message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.FinalBlock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FinalBlock message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.FinalBlock & mupib.FinalBlock.$Shape} FinalBlock
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.FinalBlock & mupib.FinalBlock.$Shape;
    }

    namespace FinalBlock {

        /** Properties of a FinalBlock. */
        interface $Properties {

            /** FinalBlock block */
            block?: (Uint8Array|null);

            /** FinalBlock records */
            records?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a FinalBlock. */
        type $Shape = mupib.FinalBlock.$Properties;
    }

    /**
     * Properties of a HeldVotes.
     * @deprecated Use mupib.HeldVotes.$Properties instead.
     */
    interface IHeldVotes extends mupib.HeldVotes.$Properties {
    }

    /** Represents a HeldVotes. */
    class HeldVotes {

        /**
         * Constructs a new HeldVotes.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.HeldVotes.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** HeldVotes view. */
        view?: (number|Long|null);

        /** HeldVotes votes. */
        votes: Uint8Array[];

        /** HeldVotes proposal. */
        proposal?: (Uint8Array|null);

        /**
         * Encodes the specified HeldVotes message. Does not implicitly {@link mupib.HeldVotes.verify|verify} messages.
         * @param message HeldVotes message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.HeldVotes.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a HeldVotes message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.HeldVotes & mupib.HeldVotes.$Shape} HeldVotes
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.HeldVotes & mupib.HeldVotes.$Shape;
    }

    namespace HeldVotes {

        /** Properties of a HeldVotes. */
        interface $Properties {

            /** HeldVotes view */
            view?: (number|Long|null);

            /** HeldVotes votes */
            votes?: (Uint8Array[]|null);

            /** HeldVotes proposal */
            proposal?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a HeldVotes. */
        type $Shape = mupib.HeldVotes.$Properties;
    }

    /**
     * Properties of a ClientFrame.
     * @deprecated Use mupib.ClientFrame.$Properties instead.
     */
    interface IClientFrame extends mupib.ClientFrame.$Properties {
    }

    /** Represents a ClientFrame. */
    class ClientFrame {

        /**
         * Constructs a new ClientFrame.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.ClientFrame.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ClientFrame id. */
        id: number;

        /** ClientFrame submit. */
        submit?: (mupib.Submit.$Properties|null);

        /** ClientFrame received. */
        received?: (mupib.Received.$Properties|null);

        /** ClientFrame queryRecord. */
        queryRecord?: (Uint8Array|null);

        /** ClientFrame queryStream. */
        queryStream?: (mupib.Stream.$Properties|null);

        /** ClientFrame streamHead. */
        streamHead?: (mupib.StreamHead.$Properties|null);

        /** ClientFrame answer. */
        answer?: (mupib.RecordAnswer.$Properties|null);

        /** ClientFrame follow. */
        follow?: (mupib.Follow.$Properties|null);

        /** ClientFrame followed. */
        followed?: (number|Long|null);

        /** ClientFrame cancel. */
        cancel?: (mupib.Cancel.$Properties|null);

        /** ClientFrame queryStatus. */
        queryStatus?: (mupib.QueryStatus.$Properties|null);

        /** ClientFrame status. */
        status?: (mupib.Status.$Properties|null);

        /** ClientFrame failure. */
        failure?: (mupib.Failure.$Properties|null);

        /** ClientFrame fetchRecord. */
        fetchRecord?: (Uint8Array|null);

        /** ClientFrame record. */
        record?: (mupib.FetchedRecord.$Properties|null);

        /** ClientFrame body. */
        body?: ("submit"|"received"|"queryRecord"|"queryStream"|"streamHead"|"answer"|"follow"|"followed"|"cancel"|"queryStatus"|"status"|"failure"|"fetchRecord"|"record");

        /**
         * Encodes the specified ClientFrame message. Does not implicitly {@link mupib.ClientFrame.verify|verify} messages.
         * @param message ClientFrame message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.ClientFrame.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ClientFrame message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.ClientFrame & mupib.ClientFrame.$Shape} ClientFrame
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.ClientFrame & mupib.ClientFrame.$Shape;
    }

    namespace ClientFrame {

        /** Properties of a ClientFrame. */
        interface $Properties {

            /** ClientFrame id */
            id?: (number|null);

            /** ClientFrame submit */
            submit?: (mupib.Submit.$Properties|null);

            /** ClientFrame received */
            received?: (mupib.Received.$Properties|null);

            /** ClientFrame queryRecord */
            queryRecord?: (Uint8Array|null);

            /** ClientFrame queryStream */
            queryStream?: (mupib.Stream.$Properties|null);

            /** ClientFrame streamHead */
            streamHead?: (mupib.StreamHead.$Properties|null);

            /** ClientFrame answer */
            answer?: (mupib.RecordAnswer.$Properties|null);

            /** ClientFrame follow */
            follow?: (mupib.Follow.$Properties|null);

            /** ClientFrame followed */
            followed?: (number|Long|null);

            /** ClientFrame cancel */
            cancel?: (mupib.Cancel.$Properties|null);

            /** ClientFrame queryStatus */
            queryStatus?: (mupib.QueryStatus.$Properties|null);

            /** ClientFrame status */
            status?: (mupib.Status.$Properties|null);

            /** ClientFrame failure */
            failure?: (mupib.Failure.$Properties|null);

            /** ClientFrame fetchRecord */
            fetchRecord?: (Uint8Array|null);

            /** ClientFrame record */
            record?: (mupib.FetchedRecord.$Properties|null);

            /** ClientFrame body */
            body?: ("submit"|"received"|"queryRecord"|"queryStream"|"streamHead"|"answer"|"follow"|"followed"|"cancel"|"queryStatus"|"status"|"failure"|"fetchRecord"|"record");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a ClientFrame. */
        type $Shape = {
          id?: number|null;
          submit?: mupib.Submit.$Shape|null;
          received?: mupib.Received.$Shape|null;
          queryRecord?: Uint8Array|null;
          queryStream?: mupib.Stream.$Shape|null;
          streamHead?: mupib.StreamHead.$Shape|null;
          answer?: mupib.RecordAnswer.$Shape|null;
          follow?: mupib.Follow.$Shape|null;
          followed?: number|Long|null;
          cancel?: mupib.Cancel.$Shape|null;
          queryStatus?: mupib.QueryStatus.$Shape|null;
          status?: mupib.Status.$Shape|null;
          failure?: mupib.Failure.$Shape|null;
          fetchRecord?: Uint8Array|null;
          record?: mupib.FetchedRecord.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ body?: undefined; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "submit"; submit: mupib.Submit.$Shape; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "received"; submit?: null; received: mupib.Received.$Shape; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "queryRecord"; submit?: null; received?: null; queryRecord: Uint8Array; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "queryStream"; submit?: null; received?: null; queryRecord?: null; queryStream: mupib.Stream.$Shape; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "streamHead"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead: mupib.StreamHead.$Shape; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "answer"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer: mupib.RecordAnswer.$Shape; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "follow"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow: mupib.Follow.$Shape; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "followed"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed: number|Long; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "cancel"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel: mupib.Cancel.$Shape; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "queryStatus"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus: mupib.QueryStatus.$Shape; status?: null; failure?: null; fetchRecord?: null; record?: null }|{ body?: "status"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status: mupib.Status.$Shape; failure?: null; fetchRecord?: null; record?: null }|{ body?: "failure"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure: mupib.Failure.$Shape; fetchRecord?: null; record?: null }|{ body?: "fetchRecord"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord: Uint8Array; record?: null }|{ body?: "record"; submit?: null; received?: null; queryRecord?: null; queryStream?: null; streamHead?: null; answer?: null; follow?: null; followed?: null; cancel?: null; queryStatus?: null; status?: null; failure?: null; fetchRecord?: null; record: mupib.FetchedRecord.$Shape })
        );
    }

    /**
     * Properties of a Submit.
     * @deprecated Use mupib.Submit.$Properties instead.
     */
    interface ISubmit extends mupib.Submit.$Properties {
    }

    /** Represents a Submit. */
    class Submit {

        /**
         * Constructs a new Submit.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Submit.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Submit record. */
        record: Uint8Array;

        /** Submit spread. */
        spread: boolean;

        /** Submit answer. */
        answer: boolean;

        /**
         * Encodes the specified Submit message. Does not implicitly {@link mupib.Submit.verify|verify} messages.
         * @param message Submit message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Submit.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Submit message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Submit & mupib.Submit.$Shape} Submit
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Submit & mupib.Submit.$Shape;
    }

    namespace Submit {

        /** Properties of a Submit. */
        interface $Properties {

            /** Submit record */
            record?: (Uint8Array|null);

            /** Submit spread */
            spread?: (boolean|null);

            /** Submit answer */
            answer?: (boolean|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Submit. */
        type $Shape = mupib.Submit.$Properties;
    }

    /**
     * Properties of a Received.
     * @deprecated Use mupib.Received.$Properties instead.
     */
    interface IReceived extends mupib.Received.$Properties {
    }

    /** Represents a Received. */
    class Received {

        /**
         * Constructs a new Received.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Received.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Received digest. */
        digest: Uint8Array;

        /** Received state. */
        state: number;

        /**
         * Encodes the specified Received message. Does not implicitly {@link mupib.Received.verify|verify} messages.
         * @param message Received message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Received.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Received message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Received & mupib.Received.$Shape} Received
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Received & mupib.Received.$Shape;
    }

    namespace Received {

        /** Properties of a Received. */
        interface $Properties {

            /** Received digest */
            digest?: (Uint8Array|null);

            /** Received state */
            state?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Received. */
        type $Shape = mupib.Received.$Properties;
    }

    /**
     * Properties of a Stream.
     * @deprecated Use mupib.Stream.$Properties instead.
     */
    interface IStream extends mupib.Stream.$Properties {
    }

    /** Represents a Stream. */
    class Stream {

        /**
         * Constructs a new Stream.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Stream.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Stream kind. */
        kind: number;

        /** Stream signer. */
        signer: Uint8Array;

        /** Stream user. */
        user?: (Uint8Array|null);

        /**
         * Encodes the specified Stream message. Does not implicitly {@link mupib.Stream.verify|verify} messages.
         * @param message Stream message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Stream.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Stream message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Stream & mupib.Stream.$Shape} Stream
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Stream & mupib.Stream.$Shape;
    }

    namespace Stream {

        /** Properties of a Stream. */
        interface $Properties {

            /** Stream kind */
            kind?: (number|null);

            /** Stream signer */
            signer?: (Uint8Array|null);

            /** Stream user */
            user?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Stream. */
        type $Shape = mupib.Stream.$Properties;
    }

    /**
     * Properties of a StreamHead.
     * @deprecated Use mupib.StreamHead.$Properties instead.
     */
    interface IStreamHead extends mupib.StreamHead.$Properties {
    }

    /** Represents a StreamHead. */
    class StreamHead {

        /**
         * Constructs a new StreamHead.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.StreamHead.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** StreamHead number. */
        number: (number|Long);

        /** StreamHead digest. */
        digest: Uint8Array;

        /**
         * Encodes the specified StreamHead message. Does not implicitly {@link mupib.StreamHead.verify|verify} messages.
         * @param message StreamHead message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.StreamHead.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a StreamHead message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.StreamHead & mupib.StreamHead.$Shape} StreamHead
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.StreamHead & mupib.StreamHead.$Shape;
    }

    namespace StreamHead {

        /** Properties of a StreamHead. */
        interface $Properties {

            /** StreamHead number */
            number?: (number|Long|null);

            /** StreamHead digest */
            digest?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a StreamHead. */
        type $Shape = mupib.StreamHead.$Properties;
    }

    /**
     * Properties of a Follow.
     * @deprecated Use mupib.Follow.$Properties instead.
     */
    interface IFollow extends mupib.Follow.$Properties {
    }

    /** Represents a Follow. */
    class Follow {

        /**
         * Constructs a new Follow.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Follow.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Follow fromHeight. */
        fromHeight: (number|Long);

        /** Follow kinds. */
        kinds: number[];

        /**
         * Encodes the specified Follow message. Does not implicitly {@link mupib.Follow.verify|verify} messages.
         * @param message Follow message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Follow.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Follow message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Follow & mupib.Follow.$Shape} Follow
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Follow & mupib.Follow.$Shape;
    }

    namespace Follow {

        /** Properties of a Follow. */
        interface $Properties {

            /** Follow fromHeight */
            fromHeight?: (number|Long|null);

            /** Follow kinds */
            kinds?: (number[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Follow. */
        type $Shape = mupib.Follow.$Properties;
    }

    /**
     * Properties of a Cancel.
     * @deprecated Use mupib.Cancel.$Properties instead.
     */
    interface ICancel extends mupib.Cancel.$Properties {
    }

    /** Represents a Cancel. */
    class Cancel {

        /**
         * Constructs a new Cancel.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Cancel.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /**
         * Encodes the specified Cancel message. Does not implicitly {@link mupib.Cancel.verify|verify} messages.
         * @param message Cancel message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Cancel.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Cancel message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Cancel & mupib.Cancel.$Shape} Cancel
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Cancel & mupib.Cancel.$Shape;
    }

    namespace Cancel {

        /** Properties of a Cancel. */
        interface $Properties {

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Cancel. */
        type $Shape = mupib.Cancel.$Properties;
    }

    /**
     * Properties of a QueryStatus.
     * @deprecated Use mupib.QueryStatus.$Properties instead.
     */
    interface IQueryStatus extends mupib.QueryStatus.$Properties {
    }

    /** Represents a QueryStatus. */
    class QueryStatus {

        /**
         * Constructs a new QueryStatus.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.QueryStatus.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /**
         * Encodes the specified QueryStatus message. Does not implicitly {@link mupib.QueryStatus.verify|verify} messages.
         * @param message QueryStatus message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.QueryStatus.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a QueryStatus message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.QueryStatus & mupib.QueryStatus.$Shape} QueryStatus
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.QueryStatus & mupib.QueryStatus.$Shape;
    }

    namespace QueryStatus {

        /** Properties of a QueryStatus. */
        interface $Properties {

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a QueryStatus. */
        type $Shape = mupib.QueryStatus.$Properties;
    }

    /**
     * Properties of a Status.
     * @deprecated Use mupib.Status.$Properties instead.
     */
    interface IStatus extends mupib.Status.$Properties {
    }

    /** Represents a Status. */
    class Status {

        /**
         * Constructs a new Status.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Status.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Status name. */
        name: string;

        /** Status height. */
        height: (number|Long);

        /** Status view. */
        view: (number|Long);

        /** Status digest. */
        digest: Uint8Array;

        /** Status stateRoot. */
        stateRoot: Uint8Array;

        /** Status mayVote. */
        mayVote: boolean;

        /**
         * Encodes the specified Status message. Does not implicitly {@link mupib.Status.verify|verify} messages.
         * @param message Status message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Status.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Status message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Status & mupib.Status.$Shape} Status
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Status & mupib.Status.$Shape;
    }

    namespace Status {

        /** Properties of a Status. */
        interface $Properties {

            /** Status name */
            name?: (string|null);

            /** Status height */
            height?: (number|Long|null);

            /** Status view */
            view?: (number|Long|null);

            /** Status digest */
            digest?: (Uint8Array|null);

            /** Status stateRoot */
            stateRoot?: (Uint8Array|null);

            /** Status mayVote */
            mayVote?: (boolean|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Status. */
        type $Shape = mupib.Status.$Properties;
    }

    /**
     * Properties of a FetchedRecord.
     * @deprecated Use mupib.FetchedRecord.$Properties instead.
     */
    interface IFetchedRecord extends mupib.FetchedRecord.$Properties {
    }

    /** Represents a FetchedRecord. */
    class FetchedRecord {

        /**
         * Constructs a new FetchedRecord.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.FetchedRecord.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FetchedRecord record. */
        record?: (Uint8Array|null);

        /**
         * Encodes the specified FetchedRecord message. Does not implicitly {@link mupib.FetchedRecord.verify|verify} messages.
         * @param message FetchedRecord message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.FetchedRecord.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FetchedRecord message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.FetchedRecord & mupib.FetchedRecord.$Shape} FetchedRecord
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.FetchedRecord & mupib.FetchedRecord.$Shape;
    }

    namespace FetchedRecord {

        /** Properties of a FetchedRecord. */
        interface $Properties {

            /** FetchedRecord record */
            record?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a FetchedRecord. */
        type $Shape = mupib.FetchedRecord.$Properties;
    }

    /**
     * Properties of a Failure.
     * @deprecated Use mupib.Failure.$Properties instead.
     */
    interface IFailure extends mupib.Failure.$Properties {
    }

    /** Represents a Failure. */
    class Failure {

        /**
         * Constructs a new Failure.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.Failure.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Failure code. */
        code: string;

        /** Failure message. */
        message: string;

        /** Failure hint. */
        hint?: (string|null);

        /**
         * Encodes the specified Failure message. Does not implicitly {@link mupib.Failure.verify|verify} messages.
         * @param message Failure message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.Failure.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Failure message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.Failure & mupib.Failure.$Shape} Failure
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.Failure & mupib.Failure.$Shape;
    }

    namespace Failure {

        /** Properties of a Failure. */
        interface $Properties {

            /** Failure code */
            code?: (string|null);

            /** Failure message */
            message?: (string|null);

            /** Failure hint */
            hint?: (string|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Failure. */
        type $Shape = mupib.Failure.$Properties;
    }

    /**
     * Properties of a RecordAnswer.
     * @deprecated Use mupib.RecordAnswer.$Properties instead.
     */
    interface IRecordAnswer extends mupib.RecordAnswer.$Properties {
    }

    /** Represents a RecordAnswer. */
    class RecordAnswer {

        /**
         * Constructs a new RecordAnswer.
         * @param [properties] Properties to set
         */
        constructor(properties?: mupib.RecordAnswer.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** RecordAnswer header. */
        header: Uint8Array;

        /** RecordAnswer verdictRoot. */
        verdictRoot: Uint8Array;

        /** RecordAnswer stateRoot. */
        stateRoot: Uint8Array;

        /** RecordAnswer recordLeaf. */
        recordLeaf: Uint8Array;

        /** RecordAnswer leafIndex. */
        leafIndex: number;

        /** RecordAnswer leafCount. */
        leafCount: number;

        /** RecordAnswer path. */
        path: Uint8Array;

        /** RecordAnswer transactionLeaves. */
        transactionLeaves: Uint8Array[];

        /** RecordAnswer descendants. */
        descendants: Uint8Array[];

        /** RecordAnswer certificate. */
        certificate: Uint8Array;

        /**
         * Encodes the specified RecordAnswer message. Does not implicitly {@link mupib.RecordAnswer.verify|verify} messages.
         * @param message RecordAnswer message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: mupib.RecordAnswer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RecordAnswer message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {mupib.RecordAnswer & mupib.RecordAnswer.$Shape} RecordAnswer
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mupib.RecordAnswer & mupib.RecordAnswer.$Shape;
    }

    namespace RecordAnswer {

        /** Properties of a RecordAnswer. */
        interface $Properties {

            /** RecordAnswer header */
            header?: (Uint8Array|null);

            /** RecordAnswer verdictRoot */
            verdictRoot?: (Uint8Array|null);

            /** RecordAnswer stateRoot */
            stateRoot?: (Uint8Array|null);

            /** RecordAnswer recordLeaf */
            recordLeaf?: (Uint8Array|null);

            /** RecordAnswer leafIndex */
            leafIndex?: (number|null);

            /** RecordAnswer leafCount */
            leafCount?: (number|null);

            /** RecordAnswer path */
            path?: (Uint8Array|null);

            /** RecordAnswer transactionLeaves */
            transactionLeaves?: (Uint8Array[]|null);

            /** RecordAnswer descendants */
            descendants?: (Uint8Array[]|null);

            /** RecordAnswer certificate */
            certificate?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RecordAnswer. */
        type $Shape = mupib.RecordAnswer.$Properties;
    }
}
