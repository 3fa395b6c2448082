{{ config(meta={'entity': 'opportunities'}) }}
{{ conform('opportunities', versions=true) }}
