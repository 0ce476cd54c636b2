"""The functions that Trino has and this engine has not: refused as such, not as misspelt."""

KNOWN = frozenset(
    """
    all_match any_match approx_most_frequent approx_set array_first array_last array_histogram array_sum at_timezone
    bar bing_tile bing_tile_at bing_tile_coordinates bing_tile_polygon bing_tile_quadkey bing_tile_zoom_level
    bing_tiles_around bit_count bitwise_left_shift bitwise_right_shift bitwise_right_shift_arithmetic cbrt
    checksum char2hexint classify color combinations contains_sequence convex_hull_agg cosine_similarity crc32
    current_groups current_user date_format dense_rank empty_approx_set evaluate_classifier_predictions
    features format format_number from_base from_base32 from_base64url from_big_endian_32 from_big_endian_64
    from_encoded_polyline from_geojson_geometry from_ieee754_32 from_ieee754_64 from_iso8601_timestamp_nanos
    from_unixtime_nanos geometric_mean geometry_from_hadoop_shape geometry_invalid_reason geometry_nearest_points
    geometry_to_bing_tiles geometry_union geometry_union_agg great_circle_distance hash_counts hmac_md5 hmac_sha1
    hmac_sha256 hmac_sha512 human_readable_seconds index intersection_cardinality inverse_beta_cdf inverse_normal_cdf
    jaccard_index json_array json_array_get json_exists json_object json_query json_value learn_classifier
    learn_libsvm_classifier learn_libsvm_regressor learn_regressor line_interpolate_point line_interpolate_points
    line_locate_point listagg luhn_check make_set_digest map_union map_zip_with match_recognize merge merge_set_digest
    multimap_agg multimap_from_entries murmur3 ngrams normal_cdf beta_cdf numeric_histogram objectid_timestamp
    parse_data_size parse_datetime parse_presto_data_size qdigest_agg quantile_at_value quantiles_at_values
    random_string reduce_agg regexp_position regress render rgb sha512 shuffle simplify_geometry soundex spatial_partitioning
    spatial_partitions split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 st_area st_asbinary st_astext st_boundary
    st_buffer st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference st_dimension st_disjoint
    st_distance st_endpoint st_envelope st_envelopeaspts st_equals st_exteriorring st_geometries st_geometryfromtext
    st_geometryn st_geometrytype st_geomfrombinary st_interiorringn st_interiorrings st_intersection st_intersects
    st_isclosed st_isempty st_isring st_issimple st_isvalid st_length st_linefromtext st_linestring st_multipoint
    st_numgeometries st_numinteriorring st_numpoints st_overlaps st_point st_pointn st_points st_polygon st_relate
    st_startpoint st_symdifference st_touches st_union st_within st_x st_xmax st_xmin st_y st_ymax st_ymin
    t_pdf t_cdf tdigest_agg timezone_hour timezone_minute to_base to_base32 to_base64url to_big_endian_32
    to_big_endian_64 to_encoded_polyline to_geojson_geometry to_geometry to_ieee754_32 to_ieee754_64 to_milliseconds
    to_spherical_geography trim_array typeof url_decode url_encode url_extract_fragment url_extract_host
    url_extract_parameter url_extract_path url_extract_port url_extract_protocol url_extract_query uuid value_at_quantile
    values_at_quantiles version wilson_interval_lower wilson_interval_upper with_timezone word_stem xxhash64 zip_with
    concat_ws date parse_duration timestamp_objectid
    """.split()
)
