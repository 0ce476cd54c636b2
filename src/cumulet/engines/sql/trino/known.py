"""Every function of Trino's reference, by the page that tells of it, and why those that are refused are.

A function that stands here and is not written is refused as such, not as misspelt. What is written stands
here too: `docs/services/athena-functions.md` is made of this list, and a test holds the two together.
https://trino.io/docs/current/functions.html (those of Athena's engine version 3)
"""

from __future__ import annotations

PAGES: dict[str, str] = {
    "aggregate": "any_value approx_distinct approx_most_frequent approx_percentile arbitrary array_agg avg "
    "bitwise_and_agg bitwise_or_agg bitwise_xor_agg bool_and bool_or checksum corr count count_if covar_pop "
    "covar_samp every geometric_mean grouping histogram kurtosis listagg map_agg map_union max max_by min min_by "
    "multimap_agg numeric_histogram reduce_agg regr_intercept regr_slope skewness stddev stddev_pop stddev_samp "
    "sum var_pop var_samp variance",
    "array": "all_match any_match array_distinct array_except array_intersect array_join array_max array_min "
    "array_position array_remove array_sort array_union arrays_overlap cardinality combinations contains "
    "contains_sequence element_at filter flatten ngrams none_match reduce repeat sequence shuffle slice transform "
    "trim_array zip zip_with",
    "binary": "crc32 from_base32 from_base64 from_base64url from_big_endian_32 from_big_endian_64 from_hex "
    "from_ieee754_32 from_ieee754_64 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 md5 murmur3 sha1 sha256 sha512 "
    "spooky_hash_v2_32 spooky_hash_v2_64 to_base32 to_base64 to_base64url to_big_endian_32 to_big_endian_64 "
    "to_hex to_ieee754_32 to_ieee754_64 xxhash64",
    "bitwise": "bit_count bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
    "bitwise_right_shift_arithmetic bitwise_xor",
    "color": "bar color render rgb",
    "comparison": "greatest least",
    "conditional": "coalesce if nullif try",
    "conversion": "format format_number parse_data_size parse_presto_data_size typeof",
    "datetime": "at_timezone current_timezone date date_add date_diff date_format date_parse date_trunc day "
    "day_of_month day_of_week day_of_year dow doy format_datetime from_iso8601_date from_iso8601_timestamp "
    "from_iso8601_timestamp_nanos from_unixtime from_unixtime_nanos hour human_readable_seconds "
    "last_day_of_month millisecond minute month now parse_datetime parse_duration quarter second timezone_hour "
    "timezone_minute to_iso8601 to_milliseconds to_unixtime week week_of_year with_timezone year year_of_week "
    "yow",
    "geospatial": "bing_tile bing_tile_at bing_tile_coordinates bing_tile_polygon bing_tile_quadkey "
    "bing_tile_zoom_level bing_tiles_around convex_hull_agg from_encoded_polyline from_geojson_geometry "
    "geometry_from_hadoop_shape geometry_invalid_reason geometry_nearest_points geometry_to_bing_tiles "
    "geometry_union geometry_union_agg great_circle_distance line_interpolate_point line_interpolate_points "
    "line_locate_point simplify_geometry spatial_partitioning spatial_partitions st_area st_asbinary st_astext "
    "st_boundary st_buffer st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference "
    "st_dimension st_disjoint st_distance st_endpoint st_envelope st_envelopeaspts st_equals st_exteriorring "
    "st_geometries st_geometryfromtext st_geometryn st_geometrytype st_geomfrombinary st_interiorringn "
    "st_interiorrings st_intersection st_intersects st_isclosed st_isempty st_isring st_issimple st_isvalid "
    "st_length st_linefromtext st_linestring st_multipoint st_numgeometries st_numinteriorring st_numpoints "
    "st_overlaps st_point st_pointn st_points st_polygon st_relate st_startpoint st_symdifference st_touches "
    "st_union st_within st_x st_xmax st_xmin st_y st_ymax st_ymin to_encoded_polyline to_geojson_geometry "
    "to_geometry to_spherical_geography",
    "hyperloglog": "approx_set empty_approx_set merge",
    "json": "is_json_scalar json_array json_array_contains json_array_get json_array_length json_exists "
    "json_extract json_extract_scalar json_format json_object json_parse json_query json_size json_value",
    "map": "map map_concat map_entries map_filter map_from_entries map_keys map_values map_zip_with "
    "multimap_from_entries transform_keys transform_values",
    "math": "abs acos asin atan atan2 beta_cdf cbrt ceil ceiling cos cosh cosine_similarity degrees e exp floor "
    "from_base infinity inverse_beta_cdf inverse_normal_cdf is_finite is_infinite is_nan ln log log10 log2 mod "
    "nan normal_cdf pi pow power radians rand random round sign sin sinh sqrt t_cdf t_pdf tan tanh to_base "
    "truncate width_bucket wilson_interval_lower wilson_interval_upper",
    "ml": "classify evaluate_classifier_predictions features learn_classifier learn_libsvm_classifier "
    "learn_libsvm_regressor learn_regressor regress",
    "qdigest": "qdigest_agg quantile_at_value value_at_quantile values_at_quantiles",
    "regexp": "regexp_count regexp_extract regexp_extract_all regexp_like regexp_position regexp_replace "
    "regexp_split",
    "session": "current_groups current_user",
    "setdigest": "hash_counts intersection_cardinality jaccard_index make_set_digest merge_set_digest",
    "string": "chr codepoint concat concat_ws from_utf8 hamming_distance length levenshtein_distance lower lpad "
    "ltrim luhn_check normalize replace reverse rpad rtrim soundex split split_part split_to_map "
    "split_to_multimap starts_with strpos substr substring to_utf8 translate trim upper word_stem",
    "system": "version",
    "tdigest": "quantiles_at_values tdigest_agg",
    "teradata": "char2hexint index to_char to_date to_timestamp",
    "url": "url_decode url_encode url_extract_fragment url_extract_host url_extract_parameter url_extract_path "
    "url_extract_port url_extract_protocol url_extract_query",
    "uuid": "uuid",
    "window": "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number",
}
# Written without a page of their own: the constructor of rows is a part of the language.
UNPAGED = frozenset({"row"})
# Of versions of Trino behind Athena's, or of other catalogs' functions.
ELSEWHERE = frozenset(
    [
        "array_first",
        "array_histogram",
        "array_last",
        "array_sum",
        "ends_with",
        "objectid_timestamp",
        "random_string",
        "timestamp_objectid",
        "title_case",
    ]
)
NAMES = {page: tuple(names.split()) for page, names in PAGES.items()}
KNOWN = frozenset(name for names in NAMES.values() for name in names) | ELSEWHERE

# Why a page's functions are refused where they are, and some functions for reasons of their own.
WHY = {
    "color": "colours are for terminals; the engine has no type for them",
    "geospatial": "not written yet",
    "ml": "the engine trains no models",
    "qdigest": "the engine has no type for sketches (approx_percentile answers exactly)",
    "setdigest": "the engine has no type for sketches",
    "tdigest": "the engine has no type for sketches (approx_percentile answers exactly)",
    "teradata": "Athena has no Teradata functions",
    "checksum": "Trino's hash of a value is documented nowhere",
    "spooky_hash_v2_32": "not written: no digest of that name in Python",
    "spooky_hash_v2_64": "not written: no digest of that name in Python",
    "numeric_histogram": "Trino's approximation is documented nowhere",
    "current_groups": "Athena has no groups",
}
# What a function that is right does otherwise than its name says, or refuses in part.
NOTES = {
    "approx_distinct": "the exact number, which lies within every error that may be asked for",
    "approx_percentile": "the exact percentile; with weights over a window refused",
    "approx_set": "the exact set, which lies within the error of any sketch; no cast to or from varbinary",
    "merge": "as approx_set",
    "st_area": "of geometries; of spherical geographies refused",
    **dict.fromkeys(
        [
            "convex_hull_agg",
            "geometry_union",
            "geometry_union_agg",
            "st_difference",
            "st_intersection",
            "st_symdifference",
            "st_union",
        ],
        "the same shape; its corners may begin at another one",
    ),
    "format": "%s, %b, %c, %d, %x, %o, %f, %e, %g and %t, of numbers, truth values, texts, dates and timestamps",
    **dict.fromkeys(
        ["beta_cdf", "inverse_beta_cdf", "inverse_normal_cdf", "normal_cdf", "t_cdf", "t_pdf"],
        "to some 14 digits",
    ),
    "parse_datetime": "an offset other than UTC in the text is refused",
    "from_iso8601_timestamp": "offsets other than UTC in rows' texts: as instants (AT TIME ZONE, comparisons) only",
    "json_exists": "documents and passed values of type json are refused, and encodings other than UTF8",
    "json_query": "as json_exists",
    "json_value": "as json_exists; char, time and types with zones are not returned",
    "json_object": "values of type json and times are refused, and encodings other than UTF8",
    "json_array": "as json_object",
    "map_agg": "over a window refused",
    "map_union": "over a window refused; the first value of a key is kept",
    "approx_most_frequent": "the exact numbers, of integers and texts; over a window refused",
    "reduce_agg": "over a window refused",
    "max_by": "with a count over a window refused",
    "min_by": "with a count over a window refused",
    "multimap_agg": "over a window refused",
}
for _name in ("count", "extract", "extract_all", "like", "replace", "split"):
    NOTES[f"regexp_{_name}"] = "Unicode classes (\\\\p) by RE2 only; intersections of classes are refused"
